@echo off
rem A window in which `photoveil` works; the Start menu opens it.
set "PHOTOVEIL_LAUNCHER=%~dp0..\Photoveil.exe"
set "PATH=%~dp0..\environment\venv\Scripts;%PATH%"
if not exist "%~dp0..\environment\venv\Scripts\photoveil.exe" (
  echo Photoveil is not set up yet. Open Photoveil from the Start menu first.
) else (
  echo Type "photoveil --help" to see what it can do.
)
