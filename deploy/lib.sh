# shellcheck shell=bash
# What the operator's scripts share; each begins with `source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"`, then calls
# `arguments "$@"`.
#
# Standard output has what was asked for, or with --dry-run the commands; everything said to a person goes to standard
# error. Exit status: 0 done, 1 refused or failed, 2 used wrongly.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C # letters are ASCII's, order is that of bytes, whoever runs it

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PROGRAM="deploy/${0##*/}"
DRY_RUN=""
ARGUMENTS=()
VALUED="" # options that take a value, as `--name=value` or in two words; a script that has some names them here

# note WORDS: says something to the person.
note() {
    printf '%s\n' "$*" >&2
}

# refuse WORDS: ends the script because something is not as it has to be; the words say what to do next.
refuse() {
    note "$PROGRAM: $*"
    exit 1
}

# wrong_usage WORDS: ends the script because of how it was called.
wrong_usage() {
    note "$PROGRAM: $*"
    note "$PROGRAM --help says how it is used."
    exit 2
}

# help: prints the comment that the script begins with.
help() {
    awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"
}

# option NAME[=VALUE]: a script that has options of its own defines this anew, returning 1 for what it does not know.
option() {
    return 1
}

# arguments "$@": serves --help, sets DRY_RUN for --dry-run, gives other options to `option`; ARGUMENTS has the rest.
arguments() {
    local word
    while (($#)); do
        word=$1
        shift
        if [[ $word && " $VALUED " == *" $word "* ]]; then
            (($#)) || wrong_usage "$word needs a value."
            word+="=$1"
            shift
        fi
        case $word in
            -h | --help) help && exit ;;
            --dry-run) DRY_RUN=yes ;;
            -*) option "$word" || wrong_usage "there is no option $word." ;;
            *) ARGUMENTS+=("$word") ;;
        esac
    done
}

# quoted WORDS: prints a command as one could type it.
quoted() {
    local line
    printf -v line ' %q' "$@"
    printf '%s\n' "${line:1}"
}

# run COMMAND...: runs what changes something, having said it; with --dry-run prints it only.
run() {
    if [[ $DRY_RUN ]]; then
        quoted "$@"
    else
        note "$(quoted "$@")"
        "$@"
    fi
}

# need PROGRAM...: refuses unless each is installed.
need() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || refuse "$program is needed and not on PATH: install it."
    done
}

# choose_engine: sets ENGINE to docker or podman: what the variable says, else the one that is there; of two docker if
# its daemon answers.
choose_engine() {
    if [[ ! ${ENGINE:-} ]]; then
        ENGINE=podman
        if command -v docker >/dev/null && { ! command -v podman >/dev/null || docker info >/dev/null 2>&1; }; then
            ENGINE=docker
        fi
    fi
    one_of "$ENGINE" docker podman || wrong_usage "ENGINE=$ENGINE: it is docker or podman."
    command -v "$ENGINE" >/dev/null ||
        refuse "$ENGINE is not on PATH: install docker or podman, or say which with ENGINE."
}

# one_of WORD WORDS...: whether the word is among the others.
one_of() {
    local word
    for word in "${@:2}"; do
        [[ $word != "$1" ]] || return 0
    done
    return 1
}

# choose_components [NAME...]: sets COMPONENTS to these, or to all there are images of.
choose_components() {
    local all name
    mapfile -t all <"$ROOT/deploy/images/components"
    COMPONENTS=("$@")
    (($#)) || COMPONENTS=("${all[@]}")
    for name in "${COMPONENTS[@]}"; do
        one_of "$name" "${all[@]}" || wrong_usage "there is no component $name; there are ${all[*]}."
    done
}

# choose_repository: sets IMAGE_REPOSITORY to what the variable says, or nothing. Without a host it would be another's.
choose_repository() {
    IMAGE_REPOSITORY=${IMAGE_REPOSITORY:-}
    [[ ! $IMAGE_REPOSITORY || $IMAGE_REPOSITORY =~ ^([a-z0-9-]+[.:]|localhost)[a-z0-9.:-]*(/[a-z0-9._-]+)*$ ]] ||
        wrong_usage "IMAGE_REPOSITORY=$IMAGE_REPOSITORY: it is a host and a path, as in registry.example/scope," \
            "in small letters, without https:// and without a tag."
}

# choose_environment ENV: sets ENVIRONMENT, and MANIFESTS to its folder of deploy/k8s. Those of `base` and `probe`, and
# kustomize's components, are only parts.
choose_environment() {
    local file folder there=()
    for file in "$ROOT"/deploy/k8s/*/kustomization.yaml; do
        folder=$(basename "${file%/*}")
        [[ $folder == base || $folder == probe || ! -f $file || $(<"$file") == *"kind: Component"* ]] || there+=("$folder")
    done
    [[ ${1:-} ]] || wrong_usage "say which environment: ${there[*]}."
    one_of "$1" "${there[@]}" || wrong_usage "there is no environment $1 in deploy/k8s; there are ${there[*]}."
    ENVIRONMENT=$1
    # shellcheck disable=SC2034 # the scripts read it
    MANIFESTS=$ROOT/deploy/k8s/$ENVIRONMENT
}

# choose_context: sets CONTEXT to kubectl's context of ENVIRONMENT: what SCOPE_CONTEXT says, else the file `context`
# beside the manifests. Never the one that happens to be current.
choose_context() {
    local file=deploy/k8s/$ENVIRONMENT/context
    CONTEXT=${SCOPE_CONTEXT:-}
    if [[ ! $CONTEXT && -f $ROOT/$file ]]; then
        CONTEXT=$(tr -d '[:space:]' <"$ROOT/$file")
        # That of deploy/local-k8s is in no kubeconfig of the person.
        [[ ! -f $MANIFESTS/kubeconfig ]] || export KUBECONFIG=$MANIFESTS/kubeconfig
    fi
    [[ $CONTEXT ]] || refuse "which cluster is $ENVIRONMENT? Write the name of its kubectl context into $file," \
        "or say it with SCOPE_CONTEXT; kubectl config get-contexts lists them."
}

# kube ARGUMENTS...: kubectl on the cluster of ENVIRONMENT.
kube() {
    kubectl --context "$CONTEXT" "$@"
}
