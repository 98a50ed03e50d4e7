@echo off
rem runapp.ps1 for the command prompt: runapp, runapp test, runapp help.
powershell -NoProfile -ExecutionPolicy Bypass -File "%~dp0runapp.ps1" %*
exit /b %ERRORLEVEL%
