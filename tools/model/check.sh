#!/usr/bin/env bash
# Checks the specification with spin: every line of checks.txt, as a table. Needs spin and gcc.
#   check.sh               all checks; ends non-zero when one finds another thing than it must
#   check.sh --only TEXT   the checks whose name has TEXT
#   check.sh --trail TEXT  the steps to the violation that such a check finds
set -euo pipefail
cd "$(dirname "$0")"
mode=${1:-} text=${2:-}
export work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One line of checks.txt → "ok|WRONG <tab> name <tab> found <tab> states <tab> seconds"
check() {
  IFS='|' read -r name expected file flags <<<"$1"
  name=$(xargs -d '\n' <<<"${name% }") expected=${expected// /} file=${file// /}
  local dir defines=() safety=(-DSAFETY) search=(-E -m1000000)
  dir=$(mktemp -d -p "$work")
  for flag in ${flags/ALL_FAULTS/FAULT_STOP FAULT_RESTART FAULT_OWNER_AWAY FAULT_RESTORE}; do defines+=("-D$flag"); done
  # Weak fairness, for seven to nine processes.
  if [[ $flags == *LIVENESS* ]]; then safety=(-DNFAIR=3) search+=(-a -f); fi
  cp ./*.pml "$dir"
  local start=$SECONDS found
  (
    cd "$dir"
    spin -a "${defines[@]}" "$file.pml" >spin.log 2>&1
    gcc -O1 -w "${safety[@]}" -DMEMLIM=3000 -o pan pan.c
    ./pan "${search[@]}" -n >pan.log 2>&1
    if [ "${trail:-}" ] && [ -e "$file.pml.trail" ]; then spin -t -p -g "${defines[@]}" "$file.pml" >"$work/trail" || true; fi
  ) || true
  if grep -q 'invalid array index' "$dir/pan.log"; then found='bad index'
  elif grep -q 'assertion violated\|acceptance cycle' "$dir/pan.log"; then found=fails
  elif grep -q 'errors: 0' "$dir/pan.log" && ! grep -q 'not completed\|too small\|out of memory\|limit' "$dir/pan.log"; then found=holds
  else found='no result' && cat "$dir"/*.log >&2 || true; fi
  printf '%s\t%s\t%s\t%s\t%s\n' "$([ "$found" = "$expected" ] && echo ok || echo WRONG)" "$name" "$found" \
    "$(grep -oP '\d+(?= states, stored)' "$dir/pan.log" || echo '?')" $((SECONDS - start))
}
export -f check

grep -v '^#\|^$' checks.txt | { grep -F -- "$text" || true; } >"$work/checks"
if [ "$mode" = --trail ]; then
  trail=1 check "$(head -1 "$work/checks")" >&2
  # Every step of each process and the variables it changed; the clock's inner steps say nothing.
  grep -v 'Clock:1) \(service\|world\|new-design\|old-design\)' "$work/trail"
  exit
fi
printf '%-5s  %-58s %-6s %10s %4s\n' '' check found states s
xargs -P "$(nproc)" -d '\n' -I{} bash -c 'check "$1"' check {} <"$work/checks" >"$work/table"
# In the order of checks.txt.
while IFS='|' read -r name _; do
  awk -F'\t' -v name="${name% }" '$2 == name { printf "%-5s  %-58s %-6s %10s %4s\n", $1, $2, $3, $4, $5 }' "$work/table"
done <"$work/checks"
total=$(wc -l <"$work/checks") right=$(grep -c '^ok' "$work/table" || true)
printf '%d of %d checks found what they must, in %d s\n' "$right" "$total" "$SECONDS"
[ "$total" -gt 0 ] && [ "$right" -eq "$total" ]
