; Photoveil.exe: what the Start menu and the login start.
; It fetches Python the first time, visibly, and hands over to setup\start.py, which does all the rest.
; Defines: VERSION, NUMBERS (VERSION as w.x.y.z), PYTHON (a release like 3.11.18) and BUILD (which one of it, as pins.json
; has them), OUT, ICON, HERE (this folder); SIGN optional.
Unicode true
Target amd64-unicode
ManifestDPIAware true
ManifestSupportedOS Win10
RequestExecutionLevel user
SetCompressor /SOLID lzma
Name "Photoveil"
OutFile "${OUT}"
Icon "${ICON}"
Caption "Setting up Photoveil"
BrandingText "Photoveil ${VERSION}"
ShowInstDetails show
InstallColors /windows
AutoCloseWindow true
XPStyle on
SubCaption 3 " "
CompletedText "Ready."
!ifdef SIGN
  !finalize '${SIGN}'
!endif

!include "LogicLib.nsh"
!include "FileFunc.nsh"
!include "WinMessages.nsh"
!include "${HERE}/version.nsh"

!define RUNTIME "$EXEDIR\python\cpython-${PYTHON}-windows-x86_64-none"
!define MIRROR "$EXEDIR\downloads\mirror"
!define ARCHIVE "x86_64-pc-windows-msvc-install_only_stripped.tar.gz"
!define KEPT "${MIRROR}\${BUILD}\cpython-${PYTHON}+${BUILD}-${ARCHIVE}"
!define SOURCE "https://github.com/astral-sh/python-build-standalone/releases/download/${BUILD}/cpython-${PYTHON}%2B${BUILD}-${ARCHIVE}"

Var Wishes
Var Fetched ; whole: it lies in the mirror; cut: a part of it does; nothing: neither

Page instfiles "" RoomToMove ""

; The bar moves to show that something happens; how long a download takes is not known to it.
Function RoomToMove
  FindWindow $0 "#32770" "" $HWNDPARENT
  GetDlgItem $1 $0 1004
  System::Call 'user32::GetWindowLongW(p r1, i -16) i .r2'
  IntOp $2 $2 | 0x08
  System::Call 'user32::SetWindowLongW(p r1, i -16, i r2)'
  SendMessage $1 0x040A 1 40
FunctionEnd

; Everything that starts Photoveil later, its entry for the login too, shall name this program.
Function HandOver
  System::Call 'kernel32::SetEnvironmentVariableW(w "PHOTOVEIL_LAUNCHER", w "$EXEPATH")'
  Exec '"${RUNTIME}\pythonw.exe" -I "$EXEDIR\setup\start.py" $Wishes'
FunctionEnd

; After a cut uv would start over. Windows' own curl (since 2018) goes on instead; uv takes the file from there, if it has
; the SHA-256 that uv knows.
Function Fetch
  StrCpy $Fetched ""
  ${IfNot} ${FileExists} "$SYSDIR\curl.exe"
    Return
  ${EndIf}
  CreateDirectory "${MIRROR}\${BUILD}"
  nsExec::ExecToStack '"$SYSDIR\curl.exe" --disable --user-agent photoveil-setup --proto =https --fail --silent --location --speed-limit 1 --speed-time 60 --write-out "%{http_code}" --continue-at - --output "${KEPT}" "${SOURCE}"'
  Pop $0
  Pop $1
  StrCpy $1 $1 3 -3
  ${IfNot} ${FileExists} "${KEPT}"
    Return
  ${EndIf}
  ${If} $0 == "0"
  ${OrIf} $1 == "416" ; nothing comes after what is there
    StrCpy $Fetched "whole"
  ${ElseIf} $0 == "33" ; nobody lets it go on there
    Delete "${KEPT}"
  ${Else}
    StrCpy $Fetched "cut"
    DetailPrint "The download broke off ($0)."
  ${EndIf}
FunctionEnd

!macro INSTALL more
  nsExec::ExecToLog '"$EXEDIR\uv.exe" python install --no-config --no-bin --no-registry --reinstall --cache-dir "$EXEDIR\downloads" --install-dir "$EXEDIR\python" ${more}cpython-${PYTHON}-windows-x86_64-none'
  Pop $0
!macroend

Function .onInit
  ${GetParameters} $Wishes
  ${If} ${FileExists} "${RUNTIME}\pythonw.exe"
  ${AndIf} ${FileExists} "${RUNTIME}\.complete"
    Call HandOver
    SetErrorLevel 0 ; a Quit this early counts as a failure otherwise
    Quit
  ${EndIf}
  ; Nobody waits for a download at login: it goes on when Photoveil is opened.
  ${GetOptions} " $Wishes" " --login" $0
  ${IfNot} ${Errors}
    SetErrorLevel 0
    Quit
  ${EndIf}
  ; Two at once would write the same files.
  System::Call 'kernel32::CreateMutexW(p 0, i 1, w "Local\Photoveil.runtime") p .r1 ?e'
  Pop $0
  ${If} $0 = 183
    SetErrorLevel 0
    Quit
  ${EndIf}
FunctionEnd

Section
  SetDetailsPrint both
  DetailPrint "This happens once. After a cut, just open Photoveil again."
  DetailPrint "Fetching Python ${PYTHON} (about 40 MB) …"
  System::Call 'kernel32::SetEnvironmentVariableW(w "UV_PYTHON_DOWNLOADS", w "automatic")'
  System::Call 'kernel32::SetEnvironmentVariableW(w "UV_PYTHON_CACHE_DIR", w "$EXEDIR\downloads")'
  Call Fetch
  StrCpy $0 "cut"
  ${If} $Fetched == "whole"
    !insertmacro INSTALL '--mirror "file:///${MIRROR}" '
    ${If} $0 != "0"
      Delete "${KEPT}" ; another file than it should be
      StrCpy $Fetched ""
    ${EndIf}
  ${EndIf}
  ${If} $Fetched == ""
    !insertmacro INSTALL ""
  ${EndIf}
  ${If} $0 == "0"
  ${AndIf} ${FileExists} "${RUNTIME}\pythonw.exe"
    ; Written last: without it a Python that was cut off half way would be taken for a whole one.
    FileOpen $1 "${RUNTIME}\.complete" w
    FileClose $1
    RMDir /r "${MIRROR}"
    DetailPrint "Python is there."
    Call HandOver
  ${Else}
    SetErrorLevel 1
    DetailPrint "Python could not be fetched ($0)."
    SetAutoClose false
    MessageBox MB_OK|MB_ICONEXCLAMATION "Photoveil could not fetch the Python that it runs on.$\r$\n$\r$\nIs this computer online, and is there 1 GB of room? Then start Photoveil again from the Start menu: it goes on where it stopped. The window behind this one says what was wrong." /SD IDOK
  ${EndIf}
SectionEnd
