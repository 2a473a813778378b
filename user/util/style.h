/* SPDX-License-Identifier: GPL-2.0 */
/* style.h - what a colour means, on the command line and in the terminal view. */
#pragma once

enum style { STYLE_PLAIN, STYLE_GOOD, STYLE_CARE, STYLE_BAD, STYLE_FAINT, STYLE_BOLD };
