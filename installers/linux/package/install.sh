#!/bin/sh
# Makes this folder known to your desktop: menu entry, icons, start at login, `photoveil` on your path.
# `./install.sh --remove` takes that away again; your photos, settings and originals stay in both cases.
set -eu

base=$(dirname "$(readlink -f "$0")")
data=${XDG_DATA_HOME:-$HOME/.local/share}
config=${XDG_CONFIG_HOME:-$HOME/.config}
id=app.photoveil.Photoveil

icons() { (cd "$base/share/icons" && find . -name "$id.*" -type f); }

remove() {
  if [ -x "$HOME/.local/lib/photoveil/venv/bin/photoveil" ]; then
    "$HOME/.local/lib/photoveil/venv/bin/photoveil" stop >/dev/null 2>&1 || true
  fi
  icons | while read -r icon; do rm -f "$data/icons/$icon"; done
  rm -f "$data/applications/$id.desktop" "$data/systemd/user/photoveil.service" \
    "$data/bash-completion/completions/photoveil" "$config/autostart/photoveil.desktop"
  for name in photoveil photoveil-setup; do
    [ "$(readlink "$HOME/.local/bin/$name")" != "$base/bin/$name" ] || rm "$HOME/.local/bin/$name"
  done
  echo "Photoveil is no longer known to your desktop. What is yours stays:"
  for folder in "$config/photoveil" "$data/photoveil" "${XDG_STATE_HOME:-$HOME/.local/state}/photoveil"; do
    [ ! -d "$folder" ] || echo "  $folder"
  done
  echo "The environment, $HOME/.local/lib/photoveil, and this folder can be deleted."
}

# Puts a file in its place, with this folder's own path in it.
place() {
  mkdir -p "$(dirname "$2")"
  sed "s|@BIN@|$base/bin|g" "$1" >"$2.part"
  mv "$2.part" "$2"
}

add() {
  case $base in *[!A-Za-z0-9/._+-]*)
    echo "Please move this folder to a path without spaces and special characters: $base" >&2
    exit 1
    ;;
  esac
  icons | while read -r icon; do
    mkdir -p "$data/icons/$(dirname "$icon")"
    cp "$base/share/icons/$icon" "$data/icons/$icon"
  done
  place "$base/share/photoveil/templates/$id.desktop" "$data/applications/$id.desktop"
  place "$base/share/photoveil/templates/photoveil.service" "$data/systemd/user/photoveil.service"
  place "$base/share/photoveil/templates/autostart.desktop" "$config/autostart/photoveil.desktop"
  place "$base/share/bash-completion/completions/photoveil" "$data/bash-completion/completions/photoveil"
  mkdir -p "$HOME/.local/bin"
  for name in photoveil photoveil-setup; do
    link=$HOME/.local/bin/$name
    if [ -e "$link" ] && [ ! -L "$link" ]; then
      echo "$link is of another installation and stays as it is." >&2
    else
      ln -sfn "$base/bin/$name" "$link"
    fi
  done
  echo "Photoveil is in your menu. To set it up in this terminal instead, run $base/bin/photoveil-setup."
}

case ${1:-} in
  '') add ;;
  --remove) remove ;;
  *) echo "Use: $0 [--remove]" >&2; exit 2 ;;
esac
