#!/usr/bin/env bash
# From Photoveil.app to what people download: signs, makes the disk image and the package, and has Apple look at both.
#
#   package.sh APP OUT VERSION       on a Mac; APP is what build.py made
#
# Without these variables the app gets a signature of its own making, which macOS takes after a right click only:
#   PHOTOVEIL_MAC_APPLICATION   identity of the keychain, like "Developer ID Application: NAME (TEAM)"
#   PHOTOVEIL_MAC_INSTALLER     identity of the keychain, like "Developer ID Installer: NAME (TEAM)"
#   PHOTOVEIL_MAC_NOTARY        profile that `xcrun notarytool store-credentials` has put into the keychain
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
app=$1 out=$2 version=$3
application=${PHOTOVEIL_MAC_APPLICATION:--}
installer=${PHOTOVEIL_MAC_INSTALLER:-}
notary=${PHOTOVEIL_MAC_NOTARY:-}
name="photoveil-$version-macos-arm64"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"

[ "$application" != - ] || echo "PHOTOVEIL_MAC_APPLICATION is not set: signed ad hoc, for trying out." >&2
if [ -n "$notary" ] && { [ "$application" = - ] || [ -z "$installer" ]; }; then
  echo "Apple looks only at what is signed: set PHOTOVEIL_MAC_APPLICATION and PHOTOVEIL_MAC_INSTALLER, too." >&2
  exit 2
fi

sign() { # a file or bundle
  local stamp=(--timestamp)
  [ "$application" != - ] || stamp=(--timestamp=none)
  codesign --force --options runtime "${stamp[@]}" --entitlements "$here/entitlements.plist" --sign "$application" "$1"
}

# From the inside out: what lies in a bundle must be signed before the bundle is.
while IFS= read -r -d '' file; do
  case "$(file -b "$file")" in
    *Mach-O*) sign "$file" ;;
  esac
done < <(find "$app/Contents/Resources" -type f -print0)
sign "$app"
codesign --verify --deep --strict "$app"

notarise() { # a file; waits until Apple has said yes, and pins that answer to it
  [ -n "$notary" ] || return 0
  xcrun notarytool submit "$1" --keychain-profile "$notary" --wait
  xcrun stapler staple "$1"
}

# The disk image: the app, a link to where it is to be dragged, and how to get rid of it.
mkdir "$work/image"
ditto "$app" "$work/image/Photoveil.app"
ln -s /Applications "$work/image/Applications"
cp "$here/uninstall.command" "$work/image/Uninstall Photoveil.command"
hdiutil create -quiet -volname Photoveil -srcfolder "$work/image" -format UDZO -ov "$work/$name.dmg"
[ "$application" = - ] || codesign --timestamp --sign "$application" "$work/$name.dmg"
notarise "$work/$name.dmg"

# The package: the same app, into the home of whoever opens it.
mkdir -p "$work/payload" "$work/resources"
ditto "$app" "$work/payload/Photoveil.app"
cp "$here/welcome.txt" "$app/Contents/Resources/LICENSE" "$work/resources/"
sed "s/@VERSION@/$version/" "$here/distribution.xml" >"$work/distribution.xml"
pkgbuild --quiet --root "$work/payload" --component-plist "$here/components.plist" --identifier app.photoveil.Photoveil \
  --version "$version" --install-location /Applications --scripts "$here/scripts" "$work/Photoveil.pkg"
signed=()
[ -z "$installer" ] || signed=(--sign "$installer" --timestamp)
productbuild --quiet --distribution "$work/distribution.xml" --resources "$work/resources" --package-path "$work" \
  ${signed[@]+"${signed[@]}"} "$work/$name.pkg"
notarise "$work/$name.pkg"

mv "$work/$name.dmg" "$work/$name.pkg" "$out/"
