#!/bin/sh
# Removes Photoveil from this Mac for the user who runs it, but for what he made with it. A double click runs it.
# `--app FOLDER` names the app where it lies elsewhere; it is removed last of all.
set -eu

support="$HOME/Library/Application Support"
environment="$support/photoveil-environment"
app=""
if [ "${1:-}" = "--app" ]; then
  app=$2
else
  for place in "$HOME/Applications/Photoveil.app" "/Applications/Photoveil.app"; do
    if [ -d "$place" ]; then
      app=$place
      break
    fi
  done
fi

if [ -x "$environment/venv/bin/python3" ]; then
  "$environment/venv/bin/python3" -I -m photoveil.cli stop 2>/dev/null || true # it was not running
fi

# Every profile that starts at login has an agent of its own.
for agent in "$HOME/Library/LaunchAgents/app.photoveil.daemon"*.plist; do
  [ -e "$agent" ] || continue
  label=$(basename "$agent" .plist)
  case "$label" in
    app.photoveil.daemon | app.photoveil.daemon.*) ;;
    *) continue ;;
  esac
  if command -v launchctl >/dev/null; then
    launchctl bootout "gui/$(id -u)/$label" 2>/dev/null || true # it was not loaded
  fi
  rm -f "$agent"
done

rm -rf "$environment"
if [ -n "$app" ] && [ -f "$app/Contents/Info.plist" ]; then
  rm -rf "$app"
fi
if command -v pkgutil >/dev/null; then
  pkgutil --volume "$HOME" --forget app.photoveil.Photoveil >/dev/null 2>&1 || true # it came by the disk image
fi

echo "Photoveil is removed."
kept=""
for folder in "$support/photoveil" "$HOME/Library/Caches/photoveil" "$HOME/Library/Logs/photoveil"; do
  [ -d "$folder" ] && kept="$kept
  $folder"
done
if [ -n "$kept" ]; then
  echo "Your settings, history, personas, models and the vault with your originals are kept in:$kept"
  echo "Delete these folders yourself if you want them gone; nobody can open the vault's originals after that."
fi
