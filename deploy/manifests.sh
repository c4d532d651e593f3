# shellcheck shell=bash
# What a cluster should run, as scripts read it; sourced after lib.sh. kustomize prints all documents in one form, keys in
# block style with two spaces a level, so that awk can tell their parts.

PROBES=scope-probe # the namespace of probes

# rendered: all that ENVIRONMENT should run; its probes where the cluster has some, for not everyone wants them there.
rendered() {
    local probes
    probes=$(kube get namespace "$PROBES" --ignore-not-found -o name) && kubectl kustomize "$MANIFESTS" || return
    [[ ! $probes ]] || { echo "---" && kubectl kustomize "$ROOT/deploy/k8s/probe/$ENVIRONMENT"; }
}

# kept: those documents of standard input that the cluster keeps as they are written. Not Jobs, which are run and over; and
# not Secrets, which are made elsewhere: what differs is printed, and theirs never is.
kept() {
    documents without Job Secret
}

# documents only|without KIND...: those of standard input that are of these kinds, or that are not.
documents() {
    local which=$1
    shift
    awk -v which="$which" -v kinds=" $* " '
        function end() {
            if (document != "" && (index(kinds, " " kind " ") > 0) == (which == "only")) printf "%s---\n", document
            document = kind = ""
        }
        /^---/ { end(); next }
        /^kind: / { kind = $2 }
        { document = document $0 "\n" }
        END { end() }'
}

# of_components [NAME...]: those of standard input that belong to these; all where none is named. ConfigMaps always: some are
# shared, and the name of each is made from what it says, so that one more disturbs nobody.
of_components() {
    awk -v names=" $* " '
        function end() {
            if (document != "" && (names == "  " || kind == "ConfigMap" || index(names, " " component " ")))
                printf "%s---\n", document
            document = component = kind = ""
        }
        /^---/ { end(); next }
        /^kind: / { kind = $2 }
        /^    app.kubernetes.io\/name: / { component = $2 }
        { document = document $0 "\n" }
        END { end() }'
}

# objects KIND...: a line `NAMESPACE KIND/NAME`, as kubectl takes them, for each document of standard input of these kinds.
objects() {
    documents only "$@" | awk '
        /^[^ ]/ { metadata = /^metadata:/ }
        /^kind: / { kind = tolower($2) }
        metadata && /^  name: / { name = $2 }
        metadata && /^  namespace: / { namespace = $2 }
        /^---/ { print namespace, kind "/" name }'
}

# images: a line `COMPONENT IMAGE` for each image of ours that standard input names.
images() {
    awk -v components="$ROOT/deploy/images/components" '
        BEGIN { while ((getline name < components) > 0) ours[name] }
        $1 == "image:" || $1 == "-" && $2 == "image:" {
            image = $NF
            gsub(/["\047]/, "", image)
            name = image
            sub(/.*\//, "", name)
            sub(/[:@].*/, "", name)
            if (name in ours) print name, image
        }' | sort -u
}
