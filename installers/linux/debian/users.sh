# Every folder that Photoveil keeps for a user, as "user folder" lines. Homes come from the user database; who moved
# them by XDG_… or PHOTOVEIL_HOME knows where to.
photoveil_folders() {
  getent passwd | while IFS=: read -r user _ uid _ _ home _; do
    if [ "$uid" -ne 0 ] && { [ "$uid" -lt 1000 ] || [ "$uid" -ge 65534 ]; }; then continue; fi
    for folder in .config/photoveil .local/share/photoveil .local/state/photoveil .cache/photoveil .local/lib/photoveil; do
      if [ -d "$home/$folder" ]; then echo "$user $home/$folder"; fi
    done
  done
}
