# CPU time of each stage. A control group also counts processes whose parent has not waited for them, such as those of Chromium;
# it needs the permission to make one. Without it, the time is that of the processes that have been waited for.

CPU_GROUP= # the folder of the groups of this run, if there can be one

make_cpu_group() {
    local line folder
    while IFS= read -r line; do
        case $line in
            *:*cpuacct*:*) folder=/sys/fs/cgroup/cpuacct${line##*:} ;;
            0::*) folder=/sys/fs/cgroup${line##*:} ;;
            *) continue ;;
        esac
        folder=${folder%/}/cmlp-ci-$$
        mkdir "$folder" 2>/dev/null || continue
        CPU_GROUP=$folder
        # A group of version 2 cannot be entered where its parent distributes resources.
        if [ -n "$(cpu_used "$folder")" ] && (echo "$BASHPID" >"$folder/cgroup.procs") 2>/dev/null; then return 0; fi
        remove_cpu_group
    done </proc/self/cgroup
    echo 'no control group: the CPU seconds of a stage lack processes that it has not waited for'
}

# Also ends the processes that a stage has left behind.
remove_cpu_group() {
    [ -n "$CPU_GROUP" ] || return 0
    find "$CPU_GROUP" -mindepth 2 -name cgroup.procs -exec cat {} + | xargs -r kill -KILL 2>/dev/null || true
    for _ in {1..50}; do
        if find "$CPU_GROUP" -depth -type d -exec rmdir {} + 2>/dev/null; then break; fi
        sleep 0.1
    done
    CPU_GROUP=
}

# cpu_used <folder>: prints the seconds of a control group
cpu_used() {
    if [ -e "$1/cpuacct.usage" ]; then
        awk '{ print int($1 / 1e9) }' "$1/cpuacct.usage"
    else
        awk '$1 == "usage_usec" { print int($2 / 1e6) }' "$1/cpu.stat" 2>/dev/null || true
    fi
}

# cpu_of_children <process>: prints the seconds of those that have ended
cpu_of_children() { awk '{ print int(($16 + $17) / 100) }' "/proc/$1/stat"; }

begin_cpu() { # <stage>
    CPU_PARENT=$BASHPID
    if [ -n "$CPU_GROUP" ]; then mkdir "$CPU_GROUP/$1"; else CPU_BEFORE=$(cpu_of_children "$CPU_PARENT"); fi
}

enter_cpu_group() { # <stage>
    [ -z "$CPU_GROUP" ] || echo "$BASHPID" >"$CPU_GROUP/$1/cgroup.procs"
}

# end_cpu <stage>: prints the seconds since begin_cpu
end_cpu() {
    if [ -n "$CPU_GROUP" ]; then
        cpu_used "$CPU_GROUP/$1"
    else
        echo $(($(cpu_of_children "$CPU_PARENT") - CPU_BEFORE))
    fi
}

# write_table <file>: replaces the seconds in the file's table of stages, and its sums
write_table() {
    cat "$LOGS"/*.cpu | awk -F'|' -v OFS='|' '
        FNR == NR { split($0, part, " "); seconds[part[2]] = part[1]; next }
        { name = $2; gsub(/[ `*]/, "", name) }
        /^\|/ && name in seconds { $3 = " " seconds[name] " " }
        /^\|/ && $3 ~ /^ [0-9]+ $/ { if (name != "all") { sum += $3; before += $4 } else { $3 = " " sum " "; $4 = " " before " " } }
        { print }' - "$1" >"$WORK/table"
    cat "$WORK/table" >"$1"
}

# write_run <file> <wall seconds> <CPU seconds> <what it has compiled> <stages left out>: adds a whole run that has passed
# to the file's table of runs, which keeps the newest three
write_run() {
    local row
    row="| \`$(git -C "$ROOT" rev-parse --short=8 HEAD)\`, $(date -u +%F) | $2 | $3 | $4 | ${5:-none} |"
    awk -v row="$row" '
        /^\| run / { is_run = 1 }
        !/^\|/ { is_run = 0 }
        is_run && ++n > 4 { next } # the head, its line, and two rows
        { print }
        is_run && n == 2 { print row }' "$1" >"$WORK/table"
    cat "$WORK/table" >"$1"
}
