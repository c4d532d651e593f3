// How a probe is started on another machine: what is copied and run, step by step.

/** The image's name, as the commands have it: none is published. */
export const PROBE_IMAGE = "probe";

/** What stands for a token that was not made yet. */
export const NO_TOKEN = "TOKEN";

/** The service as probes reach it. */
export interface Target {
  /** `https://HOST[:PORT]`, or `HOST:PORT` without TLS. */
  url: string;
  tls: boolean;
  /** Whether it is reached from this machine only. */
  loopback: boolean;
}

export interface Step {
  /** What it is for. */
  words: string;
  code: string;
}

interface Way {
  id: string;
  name: string;
  steps(target: Target, token: string): Step[];
}

/** Where probes reach what this page came from. */
export function targetOf({
  protocol,
  hostname,
  host,
  port,
}: Pick<Location, "protocol" | "hostname" | "host" | "port">): Target {
  const tls = protocol === "https:";
  const loopback = hostname === "localhost" || hostname === "[::1]" || /^127\.[\d.]+$/.test(hostname);
  return { url: tls ? `https://${host}` : `${hostname}:${port || "80"}`, tls, loopback };
}

/** What `scope launch` needs told beside where and on whose behalf: a token goes in clear only where it is allowed to. */
function flags({ tls, loopback }: Target): string[] {
  return tls || loopback ? [] : ["--plaintext"];
}

const FOLDER = "/opt/scope-probe";
const SETTINGS = "/etc/scope-probe.env";
const UNIT = "/etc/systemd/system/scope-probe.service";

function install(folder: string): Step {
  return {
    words: "Install it, in a folder with the source of this project. It needs Python 3.11 or newer.",
    code: `python3 -m venv ${folder} && ${folder}/bin/pip install ./gen/python ./sdk ./probe`,
  };
}

/** A file that root alone reads: arguments of commands are seen by everybody on a machine. */
function settings({ url }: Target, token: string): Step {
  return {
    words: "As root, keep the token where nobody else reads it.",
    code: `install -m 600 /dev/stdin ${SETTINGS} <<'END'\nSCOPE_URL=${url}\nSCOPE_SERVICE_TOKEN=${token}\nEND`,
  };
}

/** A word of a command as a shell takes it, whatever is in it: an address may have brackets, and stranger things. */
function quoted(word: string): string {
  return /^[\w.:/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function python(target: Target, token: string): Step[] {
  return [
    install("~/.scope-probe"),
    {
      words: "Start it. As root it sees everybody's processes, and containers.",
      code: `SCOPE_SERVICE_TOKEN=${token} \\\n  ~/.scope-probe/bin/${["scope launch", ...flags(target), quoted(target.url)].join(" ")}`,
    },
  ];
}

function systemd(target: Target, token: string): Step[] {
  const unit = `[Unit]
Description=Scope probe
Wants=network-online.target
After=network-online.target

[Service]
EnvironmentFile=${SETTINGS}
ExecStart=${[`${FOLDER}/bin/scope launch`, ...flags(target)].join(" ")}
StateDirectory=scope-probe
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target`;
  return [
    install(FOLDER),
    settings(target, token),
    { words: "Write the unit.", code: `cat > ${UNIT} <<'END'\n${unit}\nEND` },
    {
      words: "Start it, now and whenever the machine does.",
      code: "systemctl daemon-reload && systemctl enable --now scope-probe",
    },
  ];
}

/** Sees the host's processes, network and engine: see docs/containers.md. */
function run(engine: string, socket: string, target: Target): string {
  return `${engine} run --detach --name scope-probe --restart unless-stopped \\
  --pid host --network host --cgroupns host \\
  --cap-add SYS_PTRACE --cap-add NET_ADMIN \\
  --volume ${socket}:${socket} \\
  --volume scope-probe:/var/lib/scope-probe \\
  --env-file ${SETTINGS} \\
  ${[PROBE_IMAGE, "launch", ...flags(target)].join(" ")}`;
}

function container(target: Target, token: string): Step[] {
  return [
    settings(target, token),
    { words: "Start it with Docker,", code: run("docker", "/var/run/docker.sock", target) },
    { words: "or with Podman.", code: run("podman", "/run/podman/podman.sock", target) },
  ];
}

function kubernetes(target: Target, token: string): Step[] {
  return [
    { words: "Make a namespace, and a secret with the token in it.", code: apply(secret(token)) },
    { words: "Start a probe on each node.", code: apply(daemonSet(target)) },
  ];
}

function apply(manifest: string): string {
  return `kubectl apply -f - <<'END'\n${manifest}\nEND`;
}

function secret(token: string): string {
  return `apiVersion: v1
kind: Namespace
metadata: {name: scope}
---
apiVersion: v1
kind: Secret
metadata: {name: scope-probe, namespace: scope}
stringData: {token: ${token}}`;
}

function daemonSet(target: Target): string {
  const args = ["launch", "--kubernetes=host", ...flags(target)].map((one) => JSON.stringify(one)).join(", ");
  return `apiVersion: v1
kind: ServiceAccount
metadata: {name: scope-probe, namespace: scope}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: scope-probe-host}
rules:
  - {apiGroups: [""], resources: [pods], verbs: [list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: scope-probe-host}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: scope-probe-host}
subjects: [{kind: ServiceAccount, name: scope-probe, namespace: scope}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: scope-probe, namespace: scope}
spec:
  selector: {matchLabels: {app: scope-probe}}
  template:
    metadata: {labels: {app: scope-probe}}
    spec:
      serviceAccountName: scope-probe
      hostPID: true
      hostNetwork: true
      dnsPolicy: ClusterFirstWithHostNet
      tolerations: [{operator: Exists}]
      containers:
        - name: probe
          image: ${PROBE_IMAGE}
          args: [${args}]
          env:
            - {name: SCOPE_URL, value: ${JSON.stringify(target.url)}}
            - {name: SCOPE_SERVICE_TOKEN, valueFrom: {secretKeyRef: {name: scope-probe, key: token}}}
            - {name: SCOPE_HOSTNAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
          securityContext: {capabilities: {add: [SYS_PTRACE, NET_ADMIN, SYS_ADMIN]}}
          volumeMounts:
            - {name: state, mountPath: /var/lib/scope-probe}
            - {name: containerd, mountPath: /run/containerd}
      volumes:
        - {name: state, hostPath: {path: /var/lib/scope-probe, type: DirectoryOrCreate}}
        - {name: containerd, hostPath: {path: /run/containerd}}`;
}

/** The ways to start one, the simplest first. */
export const WAYS: readonly Way[] = [
  { id: "python", name: "Python", steps: python },
  { id: "systemd", name: "systemd", steps: systemd },
  { id: "container", name: "Container", steps: container },
  { id: "kubernetes", name: "Kubernetes", steps: kubernetes },
];
