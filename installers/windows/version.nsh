; What the file's properties tell in the Explorer.
VIProductVersion "${NUMBERS}"
VIAddVersionKey "ProductName" "Photoveil"
VIAddVersionKey "FileDescription" "Photoveil"
VIAddVersionKey "CompanyName" "The Photoveil project"
VIAddVersionKey "LegalCopyright" "The Photoveil project, Apache License 2.0"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "ProductVersion" "${VERSION}"
