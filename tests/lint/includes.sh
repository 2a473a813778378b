#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# includes.sh - who may include whom: cli -> daemon, live, preflight -> kernel -> policy -> util, never the
# other way; policy and util know no libbpf; only abi.h is shared with bpf/.
set -u
cd "$(dirname "$0")/../.." || exit 1
failed=0

rank() {
  case $1 in
    util) echo 1 ;; policy) echo 2 ;; kernel) echo 3 ;; preflight | daemon | live) echo 4 ;; cli) echo 5 ;; *) echo 9 ;;
  esac
}

complain() { # FILE:LINE:TEXT why
  echo "$1" >&2
  echo "    $2" >&2
  failed=1
}

while IFS= read -r hit; do
  file=${hit%%:*}
  room=$(echo "$file" | cut -d/ -f2)
  target=$(echo "$hit" | sed -E 's/.*#include "([^"]*)".*/\1/')
  case $target in
    ../*) other=$(echo "$target" | cut -d/ -f2) ;;
    */*) complain "$hit" "an include is in the same folder or ../ROOM/"; continue ;;
    *) continue ;;
  esac
  if [ "$(rank "$other")" -ge "$(rank "$room")" ]; then
    complain "$hit" "$room/ may not include $other/"
  fi
done < <(grep -rnE '#include "' user --include='*.[ch]')

while IFS= read -r hit; do
  complain "$hit" "policy/ and util/ are pure: no libbpf"
done < <(grep -rnE '#include <(bpf/|libmnl|rolewall\.skel)' user/policy user/util --include='*.[ch]')

while IFS= read -r hit; do
  complain "$hit" "bpf/ shares only rolewall/abi.h"
done < <(grep -rnE '#include .*(user/|\.\./)' bpf include --include='*.[ch]')

while IFS= read -r hit; do
  complain "$hit" "policy/, kernel/ and preflight/ never print: they fill a struct error"
done < <(grep -rnE '\b(printf|puts|putchar|perror|fputs)\(' user/policy user/kernel user/preflight --include='*.c' | grep -vE 'snprintf|vfprintf')

exit $failed
