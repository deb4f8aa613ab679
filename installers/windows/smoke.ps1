<#
.SYNOPSIS
  Tries the installer on a real Windows: installs, sets up, protects a photo, installs again, removes.
.DESCRIPTION
  For a machine that nobody uses: it starts Photoveil as the user who runs it and removes it at the end.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Installer,
    [string] $Photo = (Join-Path $PSScriptRoot '..\..\lab\photos\eileen_collins.jpg'),
    [int] $SetupMinutes = 25
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$program = Join-Path $env:LOCALAPPDATA 'Programs\Photoveil'
$data = Join-Path $env:LOCALAPPDATA 'photoveil'
$runtime = Join-Path $data 'default\run\runtime.json'
$settings = Join-Path $data 'default\settings.toml'
$run = 'HKCU:\Software\Microsoft\Windows\CurrentVersion\Run'
$listed = 'HKCU:\Software\Microsoft\Windows\CurrentVersion\Uninstall\Photoveil'
$menu = Join-Path $env:APPDATA 'Microsoft\Windows\Start Menu\Programs\Photoveil'
$photoveil = Join-Path $program 'environment\venv\Scripts\photoveil.exe'

function Assert([bool] $Holds, [string] $What) {
    if (-not $Holds) { throw "Not so: $What" }
    Write-Output "  $What"
}

function Invoke-Program([string] $File, [string[]] $Arguments, [int] $Expected = 0) {
    $process = Start-Process -FilePath $File -ArgumentList $Arguments -Wait -PassThru
    Assert ($process.ExitCode -eq $Expected) "$(Split-Path $File -Leaf) $Arguments ends with $Expected (it was $($process.ExitCode))"
}

function Wait-For([scriptblock] $Condition, [string] $What, [int] $Minutes) {
    $end = (Get-Date).AddMinutes($Minutes)
    while (-not (& $Condition)) {
        if ((Get-Date) -gt $end) { throw "Not within $Minutes minutes: $What" }
        Start-Sleep -Seconds 2
    }
    Write-Output "  $What"
}

Write-Output 'Install'
Invoke-Program $Installer @('/S')
Assert (Test-Path (Join-Path $program 'Photoveil.exe')) 'the program is there'
Assert (Test-Path (Join-Path $menu 'Photoveil.lnk')) 'the Start menu has it'
$entry = Get-ItemProperty $listed
Assert ($entry.InstallLocation -eq $program) 'Windows lists it among the installed programs'
$login = (Get-ItemProperty $run).Photoveil
Assert ($login -eq "`"$program\Photoveil.exe`" run --login") 'the login starts it'
if ((Get-AuthenticodeSignature $Installer).Status -ne 'NotSigned') {
    foreach ($file in @($Installer, "$program\Photoveil.exe", "$program\Uninstall.exe")) {
        Assert ((Get-AuthenticodeSignature $file).Status -eq 'Valid') "$(Split-Path $file -Leaf) bears a valid signature"
    }
}

Write-Output 'First start: sets itself up, then runs'
Start-Process -FilePath (Join-Path $program 'Photoveil.exe') -ArgumentList 'open'
Wait-For { Test-Path $runtime } 'Photoveil has set itself up and runs' $SetupMinutes
& $photoveil status
Assert ($LASTEXITCODE -eq 0) 'the command line finds the daemon'
& $photoveil autostart status
Assert ($LASTEXITCODE -eq 0) 'Photoveil itself sees that the login starts it'

Write-Output 'A photo'
$out = Join-Path ([IO.Path]::GetTempPath()) "photoveil-smoke-$PID"
& $photoveil protect $Photo -o $out
Assert ($LASTEXITCODE -eq 0) 'a photo is protected'
$copy = Get-ChildItem $out -File | Where-Object Extension -EQ '.jpg' | Select-Object -First 1
Assert ((Get-FileHash $copy.FullName).Hash -ne (Get-FileHash $Photo).Hash) 'the copy is not the original'

Write-Output 'Install over it'
Add-Content -LiteralPath $settings -Value '# kept'
Remove-ItemProperty -Path $run -Name Photoveil
Invoke-Program $Installer @('/S')
Assert (-not (Test-Path $runtime)) 'the running Photoveil was asked to stop'
Assert ($null -eq (Get-ItemProperty $run).PSObject.Properties['Photoveil']) 'what was switched off stays off'
Assert ((Get-Content -LiteralPath $settings -Raw).Contains('# kept')) 'the settings are kept'
Start-Process -FilePath (Join-Path $program 'Photoveil.exe') -ArgumentList 'open'
Wait-For { Test-Path $runtime } 'it runs again without setting up anew' 2

Write-Output 'Remove'
# The uninstaller goes on from a copy of itself, and is not waited for.
Invoke-Program (Join-Path $program 'Uninstall.exe') @('/S')
Wait-For { -not (Test-Path $program) } 'program and environment are gone' 5
Wait-For { -not (Test-Path $listed) } 'Windows lists it no more' 1
Assert (-not (Test-Path $menu)) 'the Start menu has forgotten it'
Assert (Test-Path $settings) 'settings, history and vault are kept'
Write-Output 'All of it holds.'
