# Sets up what is missing, then runs powerplant on Windows, as ./runapp does elsewhere. It uses only what Windows
# PowerShell 5.1 understands. Standard error is never captured: 5.1 treats each line of it as a failure.

$PoetryVersion = '2.5.1'
$MirrorPluginVersion = '0.6.5'
$Unreachable = 'Check the network and the free space on the disk. Behind a mirror, or a proxy with its own certificates, ' +
    'configure pip: pip config set global.index-url URL, pip config set global.cert FILE. Then run this again.'

Set-Location $PSScriptRoot
$Python = '.venv\Scripts\python.exe'
$OwnPoetry = '.poetry\Scripts\python.exe'

function Say($message) { Write-Host "runapp: $message" }

function Fail($message) {
    [Console]::Error.WriteLine("runapp: $message")
    exit 1
}

function Show-Usage {
    Write-Host 'Usage: runapp [COMMAND]'
    Write-Host '  (none)           start the service; "runapp serve --help" lists options'
    Write-Host '  test [ARG ...]   run the tests on all processors; the arguments go to pytest'
    Write-Host '  setup            install everything, development tools included, and start nothing'
    Write-Host '  help             print this'
    Write-Host 'gunicorn does not run on Windows: for production, use the Docker image.'
    Write-Host 'Variables: POWERPLANT_HOST (127.0.0.1), POWERPLANT_PORT (8888), PYTHON (any from 3.11 on).'
}

function Find-Python {
    $names = if ($env:PYTHON) { @($env:PYTHON) } else { @('python', 'python3', 'py') }
    foreach ($name in $names) {
        if (-not (Get-Command $name -ErrorAction SilentlyContinue)) { continue }
        & $name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>$null | Out-Null
        if ($LASTEXITCODE -eq 0) { return $name }
    }
    Fail 'found no Python 3.11 or newer. Install one from python.org, or name it: set PYTHON=C:\path\to\python.exe'
}

# The text of a file; empty if there is no file.
function Read-Text($path) {
    if (Test-Path $path) { return [IO.File]::ReadAllText((Join-Path $PSScriptRoot $path)) }
    return ''
}

function Write-Text($path, $text) { [IO.File]::WriteAllText((Join-Path $PSScriptRoot $path), $text) }

# What .venv is made from; $groups is main or dev, and dev includes main.
function Get-Stamp($groups) {
    return "dependencies: $groups`nfolder: $PSScriptRoot`n" + (Read-Text 'pyproject.toml') + (Read-Text 'poetry.lock')
}

function Test-UpToDate($groups) {
    if (-not (Test-Path $Python)) { return $false }
    & $Python -c 'pass' 2>$null | Out-Null
    if ($LASTEXITCODE -ne 0) { return $false }
    $stamp = Read-Text '.venv\.runapp-stamp'
    return ($stamp -eq (Get-Stamp $groups)) -or ($stamp -eq (Get-Stamp 'dev'))
}

function Install-Environment($groups) {
    if (Test-UpToDate $groups) { return }
    $base = Find-Python
    # The environment of another folder, one without its Python, or one that was not finished is replaced.
    $place = "folder: $PSScriptRoot"
    $works = $false
    if (Test-Path $Python) {
        & $Python -c 'pass' 2>$null | Out-Null
        $works = $LASTEXITCODE -eq 0
    }
    $unfinished = (Test-Path '.venv\.runapp-place') -and -not (Test-Path '.venv\.runapp-stamp')
    $elsewhere = (Test-Path '.venv\.runapp-place') -and ((Read-Text '.venv\.runapp-place') -ne $place)
    if (-not $works -or $unfinished -or $elsewhere) {
        Say 'Making an environment in .venv.'
        if (Test-Path '.venv') { Remove-Item '.venv' -Recurse -Force }
        & $base -m venv --without-pip .venv
        if ($LASTEXITCODE -ne 0) { Fail 'the environment in .venv could not be made. Is the disk full?' }
    }
    if (Test-Path '.venv\.runapp-stamp') { Remove-Item '.venv\.runapp-stamp' }
    Write-Text '.venv\.runapp-place' $place
    Install-Poetry $base
    Use-IndexOfPip
    Say 'Installing the locked dependencies in .venv.'
    $env:POETRY_VIRTUALENVS_CREATE = 'true'
    $env:POETRY_VIRTUALENVS_IN_PROJECT = 'true'
    Remove-Item Env:VIRTUAL_ENV, Env:CONDA_PREFIX -ErrorAction SilentlyContinue
    $only = @()
    if ($groups -eq 'main') { $only = @('--only', 'main') }
    & $OwnPoetry -m poetry install --no-interaction --extras "metrics live horizon excel" @only
    if ($LASTEXITCODE -ne 0) { Fail "the dependencies could not be installed. $Unreachable" }
    Write-Text '.venv\.runapp-stamp' (Get-Stamp $groups)
    Say 'Set-up is done.'
}

# Our own Poetry in .poetry, whatever else is on PATH.
function Install-Poetry($base) {
    $stamp = "poetry: $PoetryVersion $MirrorPluginVersion`nfolder: $PSScriptRoot"
    if ((Read-Text '.poetry\.runapp-place') -eq $stamp) {
        & $OwnPoetry -c 'pass' 2>$null | Out-Null
        if ($LASTEXITCODE -eq 0) { return }
    }
    Say "Installing Poetry $PoetryVersion in .poetry."
    if (Test-Path '.poetry') { Remove-Item '.poetry' -Recurse -Force }
    & $base -m venv .poetry
    if ($LASTEXITCODE -ne 0) { Fail 'the environment in .poetry could not be made. Is the disk full?' }
    & $OwnPoetry -m pip install --quiet --disable-pip-version-check `
        "poetry==$PoetryVersion" "poetry-plugin-pypi-mirror==$MirrorPluginVersion"
    if ($LASTEXITCODE -ne 0) { Fail "Poetry could not be installed. $Unreachable" }
    Write-Text '.poetry\.runapp-place' $stamp
}

# Poetry uses a JSON interface of the index that many mirrors do not have. The mirror plugin makes it use the plain index
# instead, the one that pip uses. Poetry does not know the certificates either that pip is configured with.
function Use-IndexOfPip {
    $index = $env:PIP_INDEX_URL
    $certificates = $env:PIP_CERT
    foreach ($line in (& $OwnPoetry -m pip config list)) {
        if (-not $env:PIP_INDEX_URL -and $line -match "^(global|install)\.index-url='(.*)'$") { $index = $Matches[2] }
        # pip prints each backslash of a path twice.
        if (-not $env:PIP_CERT -and $line -match "^(global|install)\.cert='(.*)'$") {
            $certificates = $Matches[2].Replace('\\', '\')
        }
    }
    if (-not $index) {
        $index = & $OwnPoetry -c 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)'
    }
    if (-not $env:POETRY_PYPI_MIRROR_URL -and $index) { $env:POETRY_PYPI_MIRROR_URL = $index }
    if (-not $env:REQUESTS_CA_BUNDLE -and $certificates) { $env:REQUESTS_CA_BUNDLE = $certificates }
}

function Start-Module {
    Install-Environment 'main'
    & $Python -m @args
    exit $LASTEXITCODE
}

$command = if ($args.Count -gt 0) { [string]$args[0] } else { 'serve' }
$rest = @($args | Select-Object -Skip 1)
switch ($command) {
    'serve' { Start-Module powerplant serve @rest }
    'setup' {
        if (Test-UpToDate 'dev') { Say 'Nothing to do: everything is installed.' } else { Install-Environment 'dev' }
    }
    'test' {
        Install-Environment 'dev'
        $given = " $rest "
        if ($given -notmatch ' (-n|--numprocesses|--pdb|--trace)|no:xdist') {
            $rest = @('--numprocesses', 'auto', '--dist', 'worksteal') + $rest  # most tests of a file stay together and share servers
        }
        # Tests start many processes: without bytecode each compiles all that it imports.
        $env:PYTHONDONTWRITEBYTECODE = $null
        & $Python -m pytest @rest
        exit $LASTEXITCODE
    }
    'gunicorn' { Fail 'gunicorn does not run on Windows. Start the service without it (runapp), or use the Docker image.' }
    { $_ -in 'help', '-h', '--help' } { Show-Usage }
    default {
        [Console]::Error.WriteLine("runapp: there is no command '$command'.")
        Show-Usage
        exit 2
    }
}
