"""The identity-affiliation benchmark: does a model fine-tuned on somebody's photos know the person afterwards?"""
