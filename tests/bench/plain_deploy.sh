#!/usr/bin/env bash
# The runbook's deployment as anybody would script it: the same steps and checks as playbooks/deploy.yml, nothing kept
# for later, nothing undone. Prints each step with the moment at which it began.
set -euo pipefail
checkout=$1 version=$2 backups=$3 url=$4 dashboard=$5 soak=$6
user=doppelganger_user database=doppelganger
export APP_VERSION=$version
cd "$checkout"

step() { echo "$1 $EPOCHREALTIME"; }

get() { curl --silent --show-error --fail --max-time 1 "$1"; }

# may be called in a condition, where errexit does not count
checklist() {
  local states
  states=$(docker compose ps --all --format '{{.Service}} {{.State}} {{.Health}}') || return 1
  ! grep --quiet --invert-match --extended-regexp ' running (healthy)?$' <<<"$states" || return 1
  [ "$(docker compose exec -T postgres psql -U $user -d $database -tAc 'SELECT 1')" = 1 ] || return 1
  [ "$(docker compose exec -T redis redis-cli ping)" = PONG ] || return 1
  get "$url/health" | grep --quiet '"status": *"ok"' || return 1
  get "$url/api/projects" >/dev/null || return 1
  get "$dashboard/health" >/dev/null || return 1
  ! docker compose logs --no-log-prefix --since "$started" app |
    grep --quiet --extended-regexp '\b(ERROR|CRITICAL|FATAL|PANIC)\b|^Traceback' || return 1
}

step preflight
docker compose version --short >/dev/null
for key in POSTGRES_PASSWORD SECRET_KEY; do grep --quiet "^$key=." .env; done

step images
git fetch --quiet --tags origin
git checkout --quiet "$version"
docker compose build >"$backups/build.log" 2>&1

step backup
dump=$backups/$(date +%s%N).dump
docker compose exec -T postgres pg_dump -U $user -Fc $database >"$dump"
docker compose exec -T postgres pg_restore --list <"$dump" | grep --quiet '^[0-9]*;'
sha256sum "$dump" >"$dump.sha256"

step migrate
docker compose run --rm -T app python -m scripts.db.migrate >/dev/null 2>&1

step apply
started=$(date +%s)
docker compose up --detach --wait >/dev/null 2>&1

step verify
until checklist; do
  [ $(($(date +%s) - started)) -lt 60 ] || { echo "the checklist does not pass" >&2; exit 1; }
  sleep 0.5
done

step soak
until_then=$((${EPOCHREALTIME/[.,]/} + soak * 1000000))
while [ "${EPOCHREALTIME/[.,]/}" -lt $until_then ]; do
  checklist
  sleep 0.5
done
step end
