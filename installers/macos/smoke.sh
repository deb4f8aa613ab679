#!/usr/bin/env bash
# Tries the package on a real Mac that nobody uses: installs, sets up, protects a photo, removes.
#   smoke.sh PACKAGE [PHOTO]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
package=$1
photo=${2:-$here/../../lab/photos/eileen_collins.jpg}
app="$HOME/Applications/Photoveil.app"
support="$HOME/Library/Application Support"
environment="$support/photoveil-environment"
runtime="$support/photoveil/default/run/runtime.json"
agent="$HOME/Library/LaunchAgents/app.photoveil.daemon.plist"
photoveil="$environment/venv/bin/photoveil"
launcher="$app/Contents/MacOS/Photoveil"

holds() { # what, a command…
  local what=$1
  shift
  "$@" || { echo "Not so: $what" >&2; exit 1; }
  echo "  $what"
}
wait_for() { # file, minutes
  local tries=$(($2 * 30))
  until [ -e "$1" ]; do
    [ $((tries -= 1)) -gt 0 ] || { echo "Not within $2 minutes: $1" >&2; exit 1; }
    sleep 2
  done
  echo "  $1 is there"
}

echo "Install"
holds "the package installs for this user" installer -pkg "$package" -target CurrentUserHomeDirectory
holds "the app is in the home's Applications" test -x "$launcher"
holds "its Info.plist is well formed" plutil -lint -s "$app/Contents/Info.plist"
holds "the signature is whole" codesign --verify --deep --strict "$app"

echo "First start: sets itself up, then runs"
open "$app"
wait_for "$runtime" 25
holds "the command line finds the daemon" "$photoveil" status
export PHOTOVEIL_LAUNCHER="$launcher"
holds "starting at login can be switched on" "$photoveil" autostart on
holds "its agent is well formed" plutil -lint -s "$agent"
holds "the agent names the app" grep -q "$launcher" "$agent"
holds "nothing was written into the signed app" codesign --verify --deep --strict "$app"

echo "A photo"
out=$(mktemp -d)
holds "a photo is protected" "$photoveil" protect "$photo" -o "$out"
copy=$(find "$out" -name '*.jpg' | head -1)
if cmp -s "$copy" "$photo"; then echo "Not so: the copy is not the original" >&2; exit 1; fi

echo "Remove"
"$app/Contents/Resources/uninstall.command"
holds "the app is gone" test ! -e "$app"
holds "the environment is gone" test ! -e "$environment"
holds "the agent is gone" test ! -e "$agent"
holds "settings, history and vault are kept" test -e "$support/photoveil/default/settings.toml"
echo "All of it holds."
