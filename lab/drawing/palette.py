"""What the colour words look like."""

from lab.drawing.canvas import Colour

SKIN: dict[str, Colour] = {
    "light": (246, 213, 189),
    "tan": (216, 166, 125),
    "brown": (158, 106, 72),
    "dark": (94, 61, 46),
}
HAIR: dict[str, Colour] = {
    "black": (33, 30, 34),
    "brown": (99, 61, 36),
    "blond": (229, 190, 108),
    "red": (183, 76, 32),
    "grey": (172, 173, 178),
}
EYES: dict[str, Colour] = {"brown": (92, 54, 26), "blue": (52, 122, 205), "green": (62, 150, 78)}
PAINT: dict[str, Colour] = {
    "red": (196, 48, 44),
    "blue": (48, 96, 184),
    "green": (62, 138, 78),
    "yellow": (238, 196, 62),
    "white": (238, 238, 234),
    "black": (44, 44, 50),
}
FUR: dict[str, Colour] = {
    "black": (46, 43, 46),
    "white": (240, 237, 230),
    "orange": (222, 134, 54),
    "grey": (140, 144, 152),
}
WOOD: Colour = (150, 104, 66)
STEEL: Colour = (168, 174, 182)
INK: Colour = (38, 36, 40)
GLASS: Colour = (168, 206, 226)
LEAF: Colour = (74, 126, 62)
