// Read by Debian's Firefox: it looks at each start for what packages have put into /usr/share/mozilla/extensions (8: the system's
// folders). Without it a profile that is older than Photoveil finds the extension only after its start, and then never gives it
// the access to sites that it gives to a new one.
pref("extensions.startupScanScopes", 8);
