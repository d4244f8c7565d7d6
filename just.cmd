@echo off
rem Windows runs Gatehouse in containers: just.cmd up, down, status, logs [process], token [join].
setlocal
cd /d "%~dp0"
where docker >nul 2>nul || (echo Gatehouse needs Docker Desktop on Windows: https://docs.docker.com/desktop/ 1>&2 & exit /b 1)
if "%~1"=="up" goto up
if "%~1"=="down" goto down
if "%~1"=="status" goto status
if "%~1"=="logs" goto logs
if "%~1"=="token" goto token
echo just.cmd knows up, down, status, logs [process] and token [join].
echo The other recipes of the justfile need Linux, macOS or WSL: run ./just there.
exit /b 1

:up
if not "%~2"=="" if not "%~2"=="compose" if not "%~2"=="auto" (echo On Windows there is only Compose: just.cmd up 1>&2 & exit /b 1)
docker compose up -d --build --wait || exit /b 1
for /f %%a in ('docker compose port traefik 30090') do set EDGE=%%a
for /f %%a in ('docker compose port traefik 30091') do set ADMIN=%%a
echo.
echo   edge       http://%EDGE%
echo   Swagger    http://%EDGE%/docs
echo   dashboard  http://%ADMIN%/dashboard/  user admin, password from
echo              docker compose exec sidecar cat /var/gatehouse/secrets/dashboard.password
echo   admin key  just.cmd token
echo   join key   just.cmd token join
echo   logs       just.cmd logs [process]
echo   stop       just.cmd down
exit /b 0

:down
docker compose down
exit /b %errorlevel%

:status
docker compose ps
exit /b %errorlevel%

:logs
docker compose logs --tail=100 %2 %3
exit /b %errorlevel%

:token
docker compose exec -T sidecar gatehouse token %2
exit /b %errorlevel%
