#!/usr/bin/env bash
# The runbook's deployment on Kubernetes as anybody would script it: the same steps and checks as playbooks/deploy.yml,
# nothing kept for later, nothing undone. Prints each step with the moment at which it began.
# KUBECONFIG and the context's namespace say where. The manifests are one file with @IMAGE@ for the image.
set -euo pipefail
checkout=$1 version=$2 folder=$3 manifests=$4 repository=$5 base=$6 namespace=$7 soak=$8
user=doppelganger_user database=doppelganger
services=/api/v1/namespaces/$namespace/services
cd "$checkout"

step() { echo "$1 $EPOCHREALTIME"; }

kubectl() { command kubectl --namespace "$namespace" "$@"; }

get() { kubectl get --raw "$services/$1:$2/proxy/$3" --request-timeout=5s; }

in_database() { kubectl exec statefulset/postgres -- psql -U $user -d $database -tAc "$1"; }

# may be called in a condition, where errexit does not count
checklist() {
  local states
  states=$(kubectl get pods --selector app=doppelganger --output \
    jsonpath='{range .items[*]}{.status.phase} {range .status.containerStatuses[*]}{.ready} {.restartCount}{end}{"\n"}{end}') || return 1
  ! grep --quiet --invert-match '^Running true 0$' <<<"$states" || return 1
  get doppelganger-service 80 health | grep --quiet '"status": *"ok"' || return 1
  get doppelganger-service 80 api/projects >/dev/null || return 1
  get doppelganger-service 80 metrics | grep --quiet '^studio_requests_total{.*} [1-9]' || return 1
  get doppelganger-dashboard 3000 health >/dev/null || return 1
  [ "$(in_database 'SELECT 1')" = 1 ] || return 1
  [ "$(kubectl exec deployment/redis -- redis-cli ping)" = PONG ] || return 1
  ! kubectl logs --selector component=app --tail=-1 --since-time "$started" |
    grep --quiet --extended-regexp '\b(ERROR|CRITICAL|FATAL|PANIC)\b|^Traceback' || return 1
}

step preflight
kubectl version --output json >/dev/null
kubectl auth can-i --list >/dev/null
for key in POSTGRES_PASSWORD SECRET_KEY; do grep --quiet "$key: " "$manifests"; done

step images
git fetch --quiet --tags origin
git checkout --quiet "$version"
docker build --quiet --build-arg "BASE_IMAGE=$base" --tag "$repository:$version" . >"$folder/build.log" 2>&1
docker push "$repository:$version" >"$folder/push.log" 2>&1
image=$repository@$(grep --only-matching 'sha256:[0-9a-f]*' "$folder/push.log" | tail -n 1)

step backup
dump=$folder/$(date +%s%N).dump
kubectl exec statefulset/postgres -- pg_dump -U $user -Fc $database >"$dump"
kubectl exec --stdin statefulset/postgres -- pg_restore --list <"$dump" | grep --quiet '^[0-9]*;'
sha256sum "$dump" >"$dump.sha256"

step migrate
kubectl apply --filename - >/dev/null <<END
apiVersion: batch/v1
kind: Job
metadata: {name: migration}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext: {runAsNonRoot: true}
      containers:
        - name: app
          image: $image
          command: [python, -m, scripts.db.migrate]
          envFrom:
            - configMapRef: {name: doppelganger-config}
            - secretRef: {name: doppelganger-secret}
          env:
            - name: POSTGRES_PASSWORD
              valueFrom: {secretKeyRef: {name: postgres, key: POSTGRES_PASSWORD}}
END
kubectl wait --for=condition=complete job/migration --timeout=120s >/dev/null
kubectl logs job/migration >"$folder/migration.log"
kubectl delete job migration --wait=false >/dev/null
in_database 'SELECT max(version) FROM schema_migrations' >/dev/null

step apply
started=$(date --utc +%Y-%m-%dT%H:%M:%SZ)
old=$(kubectl get pods --selector 'app=doppelganger,component in (app, dashboard)' --output name)
sed "s|@IMAGE@|$image|" "$manifests" | kubectl apply --filename - >/dev/null
for workload in deployment/doppelganger-app deployment/doppelganger-dashboard deployment/redis statefulset/postgres; do
  kubectl rollout status --timeout=180s $workload >/dev/null
done
# rollout status is done while old pods still end, and still answer
# shellcheck disable=SC2086 # a name each
[ -z "$old" ] || kubectl wait --for=delete --timeout=180s $old >/dev/null

step verify
deadline=$((SECONDS + 60))
until checklist; do
  [ $SECONDS -lt $deadline ] || { echo "the checklist does not pass" >&2; exit 1; }
  sleep 0.5
done

step soak
until_then=$((${EPOCHREALTIME/[.,]/} + soak * 1000000))
while [ "${EPOCHREALTIME/[.,]/}" -lt $until_then ]; do
  checklist
  sleep 0.5
done
step end
