; Photoveil-VERSION-windows-x64.exe: installs for one user, without administrator's rights.
; Defines: VERSION, NUMBERS (VERSION as w.x.y.z), PAYLOAD (the folder with all files), LISTS (the folder with
; files.nsh, gone.nsh and kilobytes.nsh, all made of PAYLOAD by build.py), OUT, ICON, HERE (this folder); SIGN optional.
; The photos' settings, history, vault and models lie elsewhere (daemon/photoveil/paths.py) and are never touched here.
Unicode true
Target amd64-unicode
ManifestDPIAware true
ManifestSupportedOS Win10
RequestExecutionLevel user
!ifdef QUICK
  SetCompressor zlib
!else
  SetCompressor /SOLID lzma
!endif
Name "Photoveil"
OutFile "${OUT}"
BrandingText "Photoveil ${VERSION}"
InstallDir "$LOCALAPPDATA\Programs\Photoveil"
InstallDirRegKey HKCU "Software\Photoveil" "InstallDir"
!ifdef SIGN
  !finalize '${SIGN}'
  !uninstfinalize '${SIGN}'
!endif

!include "MUI2.nsh"
!include "FileFunc.nsh"
!include "LogicLib.nsh"
!include "WinVer.nsh"
!include "WordFunc.nsh"
!include "x64.nsh"
!include "${HERE}/version.nsh"
!include "${LISTS}\kilobytes.nsh"

!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\Photoveil"
!define RUN "Software\Microsoft\Windows\CurrentVersion\Run"
!define APPROVED "Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
!define DATA "$LOCALAPPDATA\photoveil"
!define ONLINE 100 ; MB for what is installed here and Python; packages are counted by the set-up itself

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_WELCOMEFINISHPAGE_BITMAP "${HERE}/side.bmp"
!define MUI_COMPONENTSPAGE_SMALLDESC
!define MUI_COMPONENTSPAGE_TEXT_TOP "Choose how you want to find Photoveil."
!define MUI_ABORTWARNING
!define MUI_WELCOMEPAGE_TITLE "Photoveil ${VERSION}"
!define MUI_WELCOMEPAGE_TEXT "Photoveil protects your photos before they leave this computer.$\r$\n$\r$\nIt is installed for you alone and needs no administrator. After this, Photoveil fetches what it computes with: 1 to 6 GB on disk, depending on your graphics card. It shows how far it is, and goes on where it stopped if you close it.$\r$\n$\r$\nYour photos stay on this computer."
!insertmacro MUI_PAGE_WELCOME
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_INSTFILES
!define MUI_FINISHPAGE_TITLE "Photoveil is installed"
!define MUI_FINISHPAGE_TEXT "Photoveil now fetches what it needs, then opens its first page in your browser."
!define MUI_FINISHPAGE_RUN "$INSTDIR\Photoveil.exe"
!define MUI_FINISHPAGE_RUN_TEXT "Start Photoveil"
!insertmacro MUI_PAGE_FINISH

!define MUI_UNCONFIRMPAGE_TEXT_TOP "Photoveil will be removed. Your settings, history, personas, models and the vault with your originals stay in ${DATA}, so that a later Photoveil finds them. Delete that folder yourself if you want them gone; nobody can open the vault's originals after that."
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

Var Upgrading ; the version that is replaced, or nothing
Var Began     ; whether the login started that version

; Stops a running Photoveil and makes sure that nothing of its environment is in use: a folder in use can't be renamed.
!macro STOP un
Function ${un}Stop
  ${Unless} ${FileExists} "$INSTDIR\environment\*.*"
    Return
  ${EndUnless}
  again:
  ${If} ${FileExists} "$INSTDIR\environment\venv\Scripts\python.exe"
    DetailPrint "Photoveil is asked to stop …"
    nsExec::ExecToLog '"$INSTDIR\environment\venv\Scripts\python.exe" -I -m photoveil.cli stop'
    Pop $0 ; not running, or stopped
  ${EndIf}
  ClearErrors
  Rename "$INSTDIR\environment" "$INSTDIR\environment.free"
  ${If} ${Errors}
    MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "Photoveil is still at work in $INSTDIR.$\r$\n$\r$\nQuit it from its icon beside the clock, close windows that use it, then try again." /SD IDCANCEL IDRETRY again
    SetErrorLevel 4
    Abort "Photoveil is still running; nothing was changed."
  ${EndIf}
  Rename "$INSTDIR\environment.free" "$INSTDIR\environment"
FunctionEnd
!macroend
!insertmacro STOP ""
!insertmacro STOP "un."

Function .onInit
  ${Unless} ${AtLeastWin10}
    MessageBox MB_OK|MB_ICONSTOP "Photoveil needs Windows 10 or newer." /SD IDOK
    SetErrorLevel 2
    Quit
  ${EndUnless}
  ; Where Photoveil keeps what the user made with it, programs do not belong: they are replaced and removed.
  ${If} $INSTDIR == "${DATA}"
    StrCpy $INSTDIR "$LOCALAPPDATA\Programs\Photoveil"
  ${EndIf}
  ReadRegStr $Upgrading HKCU "${UNINSTALL}" "DisplayVersion"
  ReadRegStr $Began HKCU "${RUN}" "Photoveil"
  ${If} $Upgrading != ""
    ${VersionCompare} "$Upgrading" "${VERSION}" $0
    ${If} $0 = 1
      MessageBox MB_OK|MB_ICONSTOP "Photoveil $Upgrading is installed, which is newer than ${VERSION}. An older one may not understand its data.$\r$\n$\r$\nTo go back all the same, remove the newer one first." /SD IDOK
      SetErrorLevel 3
      Quit
    ${EndIf}
  ${EndIf}
  Call Defaults
FunctionEnd

Section "Photoveil" Program
  SectionIn RO
  AddSize ${ONLINE}000
  Call Stop
  ; The old version takes its own files away, since it alone knows them. Environment, login and data stay.
  ${If} ${FileExists} "$INSTDIR\Uninstall.exe"
    DetailPrint "Replacing Photoveil $Upgrading …"
    ExecWait '"$INSTDIR\Uninstall.exe" /S /UPGRADE _?=$INSTDIR' $0
    ${If} $0 <> 0
      SetErrorLevel 4
      Abort "The installed version could not be replaced ($0)."
    ${EndIf}
  ${EndIf}
  ClearErrors
  !include "${LISTS}\files.nsh"
  SetOutPath "$INSTDIR"
  WriteUninstaller "$INSTDIR\Uninstall.exe"
  ${If} ${Errors}
    SetErrorLevel 5
    Abort "Files could not be written to $INSTDIR. Is the disk full?"
  ${EndIf}

  CreateDirectory "$SMPROGRAMS\Photoveil"
  CreateShortcut "$SMPROGRAMS\Photoveil\Photoveil.lnk" "$INSTDIR\Photoveil.exe" "open" "$INSTDIR\Photoveil.exe" 0 SW_SHOWNORMAL "" "Protect photos before they leave this computer"
  CreateShortcut "$SMPROGRAMS\Photoveil\Photoveil command line.lnk" "$SYSDIR\cmd.exe" '/k "$INSTDIR\setup\commands.cmd"' "$INSTDIR\Photoveil.exe" 0 SW_SHOWNORMAL "" "A window in which the command photoveil works"

  WriteRegStr HKCU "Software\Photoveil" "InstallDir" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "Photoveil"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$INSTDIR\Photoveil.exe,0"
  WriteRegStr HKCU "${UNINSTALL}" "Publisher" "The Photoveil project"
  WriteRegStr HKCU "${UNINSTALL}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\Uninstall.exe"'
  WriteRegStr HKCU "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\Uninstall.exe" /S'
  WriteRegStr HKCU "${UNINSTALL}" "Comments" "Settings, history, models and originals stay in ${DATA}"
  WriteRegDWORD HKCU "${UNINSTALL}" "EstimatedSize" ${KILOBYTES}
  WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
SectionEnd

; The same value as `photoveil autostart on` writes, which the first-run page and the dashboard switch.
Section "Start when I log in" Login
  WriteRegStr HKCU "${RUN}" "Photoveil" '"$INSTDIR\Photoveil.exe" run --login'
SectionEnd

Section /o "Icon on the desktop" Desktop
  CreateShortcut "$DESKTOP\Photoveil.lnk" "$INSTDIR\Photoveil.exe" "open"
SectionEnd

; An upgrade asks nobody again: what was off stays off.
Function Defaults
  ${If} $Upgrading != ""
    ${If} $Began == ""
      !insertmacro UnselectSection ${Login}
    ${EndIf}
    ${If} ${FileExists} "$DESKTOP\Photoveil.lnk"
      !insertmacro SelectSection ${Desktop}
    ${EndIf}
  ${EndIf}
FunctionEnd

!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
  !insertmacro MUI_DESCRIPTION_TEXT ${Program} "The program, the extension for your browser, and entries in the Start menu."
  !insertmacro MUI_DESCRIPTION_TEXT ${Login} "So that photos you upload are protected without your thinking of it. You can change it later."
  !insertmacro MUI_DESCRIPTION_TEXT ${Desktop} "A second way to open Photoveil."
!insertmacro MUI_FUNCTION_DESCRIPTION_END

; Deletes what the installer brought, file by file, and what set-up made, folder by folder: if somebody installed
; Photoveil among other things, those stay.
Section "Uninstall"
  Call un.Stop
  !include "${LISTS}\gone.nsh"
  Delete "$INSTDIR\Uninstall.exe"
  ClearErrors
  ${GetParameters} $0
  ${GetOptions} "$0" "/UPGRADE" $1
  ${IfNot} ${Errors}
    RMDir "$INSTDIR"
    Return
  ${EndIf}

  DetailPrint "Removing the environment; this takes a while …"
  RMDir /r "$INSTDIR\environment"
  RMDir /r "$INSTDIR\environment.free"
  RMDir /r "$INSTDIR\downloads"
  RMDir /r "$INSTDIR\python"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\Photoveil\Photoveil.lnk"
  Delete "$SMPROGRAMS\Photoveil\Photoveil command line.lnk"
  RMDir "$SMPROGRAMS\Photoveil"
  Delete "$DESKTOP\Photoveil.lnk"
  Call un.Logins
  DeleteRegKey HKCU "${UNINSTALL}"
  DeleteRegKey HKCU "Software\Photoveil"
  SetDetailsPrint both
  ${If} ${FileExists} "${DATA}\*.*"
    DetailPrint "Your settings, history, models and originals are kept in ${DATA}."
    MessageBox MB_OK|MB_ICONINFORMATION "Photoveil is removed.$\r$\n$\r$\nYour settings, history, models and the vault with your originals are kept in$\r$\n${DATA}$\r$\n$\r$\nDelete that folder if you do not want them any more." /SD IDOK
  ${EndIf}
SectionEnd

; Every profile has an entry of its own: “Photoveil” and “Photoveil NAME”.
Function un.Logins
  StrCpy $0 0
  ${Do}
    ClearErrors
    EnumRegValue $1 HKCU "${RUN}" $0
    ${If} ${Errors}
    ${OrIf} $1 == ""
      ${Break}
    ${EndIf}
    StrCpy $2 "$1 " 10
    ReadRegStr $3 HKCU "${RUN}" $1
    ${If} $2 == "Photoveil "
    ${AndIf} $3 != ""
      DeleteRegValue HKCU "${APPROVED}" $1
      ClearErrors
      DeleteRegValue HKCU "${RUN}" $1
      ${If} ${Errors}
        IntOp $0 $0 + 1 ; somebody forbids it
      ${EndIf}
    ${Else}
      IntOp $0 $0 + 1
    ${EndIf}
  ${Loop}
FunctionEnd
