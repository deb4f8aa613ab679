# Every folder that Photoveil keeps for a user, as "user folder" lines. Homes come from the user database; who moved
# them by XDG_… or PHOTOVEIL_HOME knows where to.
photoveil_folders() {
  getent passwd | while IFS=: read -r user _ uid _ _ home _; do
    if [ "$uid" -ne 0 ] && { [ "$uid" -lt 1000 ] || [ "$uid" -ge 65534 ]; }; then continue; fi
    for folder in .config/photoveil .local/share/photoveil .local/state/photoveil .cache/photoveil .local/lib/photoveil; do
      if [ -d "$home/$folder" ]; then printf '%s %s\n' "$user" "$home/$folder"; fi
    done
  done
}

# Runs something as a user who may wish root ill: without root's terminal, into which a process that has it can type
# (TIOCSTI), and without root's variables.
photoveil_as() { # user, command…
  _user=$1
  shift
  setsid --wait runuser -u "$_user" -- env -i PATH=/usr/bin:/bin LANG=C.UTF-8 "$@" </dev/null
}
