#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# includes.sh - who may include whom: cli, web -> daemon, live, preflight -> kernel -> policy -> util, never the
# other way; policy and util know no libbpf; only abi.h is shared with bpf/.
set -u
cd "$(dirname "$0")/../.." || exit 1
failed=0

complain() { # FILE:LINE:TEXT why
  echo "$1" >&2
  echo "    $2" >&2
  failed=1
}

grep -rnE '#include "' user --include='*.[ch]' | awk -F: '
  BEGIN { rank["util"] = 1; rank["policy"] = 2; rank["kernel"] = 3
          rank["preflight"] = rank["daemon"] = rank["live"] = 4; rank["cli"] = rank["web"] = 5 }
  {
    split($1, path, "/"); split($0, quoted, "\""); split(quoted[2], target, "/")
    if (quoted[2] !~ /\//) next
    if (target[1] != "..") { print $0; print "    an include is in the same folder or ../ROOM/"; bad = 1 }
    else if (!(target[2] in rank) || rank[target[2]] >= rank[path[2]]) {
      print $0; print "    " path[2] "/ may not include " target[2] "/"; bad = 1 }
  }
  END { exit bad }' >&2 || failed=1

while IFS= read -r hit; do
  complain "$hit" "policy/ and util/ are pure: no libbpf"
done < <(grep -rnE '#include <(bpf/|libmnl|rolewall\.skel)' user/policy user/util --include='*.[ch]')

while IFS= read -r hit; do
  complain "$hit" "bpf/ shares only rolewall/abi.h"
done < <(grep -rnE '#include .*(user/|\.\./)' bpf include --include='*.[ch]')

while IFS= read -r hit; do
  complain "$hit" "policy/, kernel/ and preflight/ never print: they fill a struct error"
done < <(grep -rnE '\b(printf|puts|putchar|perror)\(|std(out|err)\b' user/policy user/kernel user/preflight --include='*.c' | grep -vE 'snprintf|vfprintf')

exit $failed
