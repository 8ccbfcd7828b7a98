#!/usr/bin/env bash
# Runs a Kubernetes of one node on a machine without an image registry. It is built from the Go modules, etcd,
# containerd and the CNI plugins of Debian. It runs in its own network namespace, applies
# deploy/kubernetes/overlays/local, waits until every pod is ready, and runs COMMAND there (by default the
# journey; with `bash` kubectl is on the PATH). Afterwards only the build in .data/kubernetes is left. Network
# policies are accepted, not enforced: enforcement takes another network plugin.
#
#   tools/containers/cluster.sh [COMMAND…]
#
# Needs root, Go 1.26, Node.js after `npm ci && npm run build`, and a Docker engine with the images of `docker
# compose build`. The first build takes a quarter of an hour on two cores.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=v1.34.4 coredns=v1.14.3
bin=$PWD/.data/kubernetes/$version
programs=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl)
say() { printf '[%4ss] %s\n' "$SECONDS" "$*"; }

# The module of Kubernetes lacks the libraries that its tree holds in staging. They are separate modules.
build() {
  local source=$work/build
  mkdir -p "$bin" "$source/pause"
  (
    cd "$source"
    export GOFLAGS='-mod=mod -modcacherw -buildvcs=false' CGO_ENABLED=0
    kubernetes=$(cd /tmp && go mod download -json "k8s.io/kubernetes@$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
    cp "$kubernetes/go.mod" "$kubernetes/go.sum" .
    chmod u+w go.mod go.sum
    mapfile -t staged < <(sed -n 's#^\t*\(k8s.io/[^ ]*\) => ./staging.*#\1#p' go.mod)
    go mod edit -module=payer.example/cluster "-require=k8s.io/kubernetes@$version"
    for module in "${staged[@]}"; do go mod edit "-replace=$module=$module@v0.${version#v1.}"; done
    flags="-s -w"
    for package in component-base client-go/pkg; do
      flags+=" -X k8s.io/$package/version.gitVersion=$version -X k8s.io/$package/version.gitMajor=1 -X k8s.io/$package/version.gitMinor=34"
    done
    nice go build -trimpath -ldflags "$flags" -o "$bin/" "${programs[@]/#/k8s.io/kubernetes/cmd/}"
    GOFLAGS=-modcacherw GOBIN=$bin nice go install -trimpath -ldflags '-s -w' "github.com/coredns/coredns@$coredns"
    cd pause
    go mod init payer.example/pause
    cat >main.go <<'GO'
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
}
GO
    go build -o "$bin/pause" .
  ) >"$work/build.log" 2>&1 || { tail -20 "$work/build.log"; exit 1; }
}

inside() { nsenter --net="/run/netns/$network" "$@"; }
runs=()
run() {
  nsenter --net="/run/netns/$network" "$@" >"$work/$1.log" 2>&1 &
  runs+=($!)
}

clean_up() {
  status=$?
  set +e
  if [ "$status" -ne 0 ]; then kubectl get pods --all-namespaces; kubectl get events --all-namespaces --sort-by=.lastTimestamp | tail -20; fi
  # Who would start pods again goes first, then the pods, then containerd and etcd.
  kill "${runs[@]:2}" 2>/dev/null
  wait "${runs[@]:2}"
  if [ -S "$CONTAINERD_ADDRESS" ]; then
    for task in $(ctr tasks ls --quiet); do ctr tasks rm --force "$task"; done >/dev/null 2>&1
  fi
  kill "${runs[@]}" 2>/dev/null
  wait
  awk -v under="$work/" 'index($2, under) == 1 { print $2 }' /proc/mounts | sort -r | xargs --no-run-if-empty -n1 umount
  # The pods' networks: CNI would have taken them down with each pod.
  ip netns list | sed -n 's/^\(cni-[^ ]*\).*/\1/p' | grep --invert-match --line-regexp --fixed-strings "$networks" | xargs --no-run-if-empty -n1 ip netns delete
  ip netns delete "$network"
  docker image rm payer/{pause,coredns}:cluster >/dev/null 2>&1
  find /sys/fs/cgroup -depth -type d -path '*/kubepods*' -exec rmdir {} + 2>/dev/null
  rm -rf "$work"
  exit "$status"
}

for package in etcd-server:etcd containerd:containerd containernetworking-plugins: conntrack:conntrack iptables:iptables; do
  if ! dpkg -s "${package%:*}" >/dev/null 2>&1 && ! command -v "${package#*:}" >/dev/null; then missing+=("${package%:*}"); fi
done
if [ -n "${missing:-}" ]; then apt-get update -qq && apt-get install -qqy --no-install-recommends "${missing[@]}" >/dev/null; fi

work=$(mktemp -d -p /var/tmp payer-cluster.XXXXXX)
network=$(basename "$work")
node=10.88.0.2
export PATH=$bin:$PATH KUBECONFIG=$work/admin.yaml CONTAINERD_ADDRESS=$work/containerd.sock CONTAINERD_NAMESPACE=k8s.io
kubectl() { inside "$bin/kubectl" "$@"; }
networks=$(ip netns list | cut -d ' ' -f 1; echo none)
ip netns add "$network"
trap clean_up EXIT
if [ ! -x "$bin/pause" ]; then
  say 'building Kubernetes'
  build
fi

inside ip link set lo up
inside ip link add node0 type veth peer name node1
inside ip address add "$node/24" dev node0
inside ip link set node0 up
inside ip link set node1 up
inside ip route add default dev node0
inside sysctl --quiet --write net.ipv4.ip_forward=1

mkdir -p "$work"/{pki,cni,volumes/a,volumes/b}
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/pki/ca.key" -out "$work/pki/ca.crt" -days 2 -subj /CN=cluster 2>/dev/null
openssl genrsa -out "$work/pki/accounts.key" 2048 2>/dev/null
# A certificate, and the configuration of a client that shows it.
identity() {
  local name=$1 subject=$2 names=$3
  openssl req -newkey rsa:2048 -nodes -keyout "$work/pki/$name.key" -out "$work/pki/$name.csr" -subj "$subject" 2>/dev/null
  openssl x509 -req -in "$work/pki/$name.csr" -CA "$work/pki/ca.crt" -CAkey "$work/pki/ca.key" -CAcreateserial -days 2 \
    -extfile <(printf 'extendedKeyUsage=clientAuth,serverAuth\nsubjectAltName=%s' "$names") -out "$work/pki/$name.crt" 2>/dev/null
  cat >"$work/$name.yaml" <<YAML
apiVersion: v1
kind: Config
clusters: [{ name: cluster, cluster: { server: 'https://$node:6443', certificate-authority: $work/pki/ca.crt } }]
users: [{ name: user, user: { client-certificate: $work/pki/$name.crt, client-key: $work/pki/$name.key } }]
contexts: [{ name: context, context: { cluster: cluster, user: user } }]
current-context: context
YAML
}
identity api-server /O=system:masters/CN=api-server "DNS:kubernetes.default.svc,IP:$node,IP:10.96.0.1"
identity admin /O=system:masters/CN=admin DNS:admin
identity kubelet /O=system:nodes/CN=system:node:node "IP:$node"
identity controllers /CN=system:kube-controller-manager DNS:controllers
identity scheduler /CN=system:kube-scheduler DNS:scheduler
identity proxy /CN=system:kube-proxy DNS:proxy

cat >"$work/cni/pods.conflist" <<JSON
{ "cniVersion": "0.4.0", "name": "pods", "plugins": [
  { "type": "ptp", "ipam": { "type": "host-local", "dataDir": "$work/addresses", "subnet": "10.244.0.0/24", "routes": [{ "dst": "0.0.0.0/0" }] } }] }
JSON
# restrict_oom_score_adj: where root may not lower it, as in some virtual machines.
cat >"$work/containerd.toml" <<TOML
version = 2
root = "$work/containerd"
state = "$work/containerd-state"
[grpc]
  address = "$CONTAINERD_ADDRESS"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "payer/pause:cluster"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$work/cni"
TOML
echo 'nameserver 127.0.0.1' >"$work/resolv.conf"
cat >"$work/kubelet-configuration.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: $work/pki/ca.crt } }
authorization: { mode: Webhook }
tlsCertFile: $work/pki/kubelet.crt
tlsPrivateKeyFile: $work/pki/kubelet.key
cgroupDriver: cgroupfs
failSwapOn: false
containerRuntimeEndpoint: unix://$CONTAINERD_ADDRESS
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
resolvConf: $work/resolv.conf
podLogsDir: $work/pod-logs
evictionHard: { memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1% }
YAML

say 'starting the cluster'
run etcd --data-dir "$work/etcd"
run containerd --config "$work/containerd.toml"
run kube-apiserver --etcd-servers=http://127.0.0.1:2379 "--advertise-address=$node" --service-cluster-ip-range=10.96.0.0/16 \
  --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction "--client-ca-file=$work/pki/ca.crt" \
  "--tls-cert-file=$work/pki/api-server.crt" "--tls-private-key-file=$work/pki/api-server.key" \
  "--kubelet-client-certificate=$work/pki/api-server.crt" "--kubelet-client-key=$work/pki/api-server.key" \
  --kubelet-preferred-address-types=InternalIP --service-account-issuer=https://kubernetes.default.svc \
  "--service-account-key-file=$work/pki/accounts.key" "--service-account-signing-key-file=$work/pki/accounts.key"
for _ in $(seq 60); do
  if kubectl get --raw /readyz >/dev/null 2>&1; then break; fi
  sleep 1
done
run kube-controller-manager "--kubeconfig=$work/controllers.yaml" --use-service-account-credentials "--root-ca-file=$work/pki/ca.crt" \
  "--service-account-private-key-file=$work/pki/accounts.key" --allocate-node-cidrs --cluster-cidr=10.244.0.0/16 --leader-elect=false
run kube-scheduler "--kubeconfig=$work/scheduler.yaml" --leader-elect=false
run kubelet "--config=$work/kubelet-configuration.yaml" "--kubeconfig=$work/kubelet.yaml" --hostname-override=node "--node-ip=$node" \
  "--root-dir=$work/kubelet" "--cert-dir=$work/pki"
run kube-proxy "--kubeconfig=$work/proxy.yaml" --hostname-override=node --cluster-cidr=10.244.0.0/16 --conntrack-max-per-core=0 \
  --conntrack-tcp-timeout-established=0 --conntrack-tcp-timeout-close-wait=0

say 'images'
for program in pause coredns; do
  tar --directory "$bin" --create "$program" | docker import --change "ENTRYPOINT [\"/$program\"]" - "payer/$program:cluster" >/dev/null
done
mapfile -t images < <(kubectl kustomize deploy/kubernetes/overlays/local | sed -n 's/^ *image: //p' | sort --unique)
docker save payer/{pause,coredns}:cluster "${images[@]}" | ctr images import - >/dev/null

kubectl apply --filename - >/dev/null <<YAML
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: coredns }
rules:
  - { apiGroups: [''], resources: [services, pods, namespaces], verbs: [list, watch] }
  - { apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list, watch] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: coredns }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: coredns }
subjects: [{ kind: ServiceAccount, name: default, namespace: kube-system }]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: coredns, namespace: kube-system }
data: { Corefile: ".:53 {\n errors\n kubernetes cluster.local\n cache 5\n}\n" }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: coredns, namespace: kube-system }
spec:
  selector: { matchLabels: { k8s-app: kube-dns } }
  template:
    metadata: { labels: { k8s-app: kube-dns } }
    spec:
      dnsPolicy: Default
      containers:
        - name: coredns
          image: payer/coredns:cluster
          args: [-conf, /etc/coredns/Corefile]
          volumeMounts: [{ name: configuration, mountPath: /etc/coredns }]
      volumes: [{ name: configuration, configMap: { name: coredns } }]
---
apiVersion: v1
kind: Service
metadata: { name: kube-dns, namespace: kube-system }
spec:
  clusterIP: 10.96.0.10
  selector: { k8s-app: kube-dns }
  ports: [{ name: udp, port: 53, protocol: UDP }, { name: tcp, port: 53, protocol: TCP }]
YAML
for volume in a b; do
  kubectl apply --filename - >/dev/null <<YAML
apiVersion: v1
kind: PersistentVolume
metadata: { name: $volume }
spec:
  capacity: { storage: 5Gi }
  accessModes: [ReadWriteOnce]
  local: { path: $work/volumes/$volume }
  nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: kubernetes.io/hostname, operator: In, values: [node] }] }] } }
YAML
done

say 'deploy/kubernetes/overlays/local'
kubectl apply --kustomize deploy/kubernetes/overlays/local >/dev/null
kubectl --namespace payer rollout status deployment --timeout=5m
kubectl --namespace payer wait --for=condition=complete job/data --timeout=5m
for at in 4000:auth-server 4001:registration 4002:consent 4003:fhir-api-production 4004:fhir-api-sandbox; do
  run kubectl --namespace payer port-forward "service/${at#*:}" "${at%:*}:80"
done
export SANDBOX_FHIR_BASE_URL=http://localhost:4004/sandbox/interop/external/fhir
sleep 3
say 'ready'
if [ $# -eq 0 ]; then set -- node tools/journey/dist/main.js; fi
inside "$@"
