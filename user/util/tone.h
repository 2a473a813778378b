/* SPDX-License-Identifier: GPL-2.0 */
/* tone.h - what a colour means, on the command line and in the terminal view. */
#ifndef ROLEWALL_UTIL_TONE_H
#define ROLEWALL_UTIL_TONE_H

enum tone { TONE_PLAIN, TONE_GOOD, TONE_CARE, TONE_BAD, TONE_FAINT, TONE_BOLD };

#endif
