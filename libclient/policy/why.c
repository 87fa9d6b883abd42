/* SPDX-License-Identifier: MIT */
/* why.c - the words, sentences and RFC sections of the reasons in why.def. */
#include "policy/why.h"

int lrd_why_known(uint32_t why)
{
	switch (why) {
#define LRD_WHY(number, name, word, fwd, section, text) case number:
#include "policy/why.def"
		return 1;
	default:
		return 0;
	}
}

const char *lrd_why_name(uint32_t why)
{
	switch (why) {
#define LRD_WHY(number, name, word, fwd, section, text) \
	case number:                                    \
		return word;
#include "policy/why.def"
	case LRD_WHY_NONE:
		return "none";
	default:
		return "unknown";
	}
}

const char *lrd_why_text(uint32_t why)
{
	switch (why) {
#define LRD_WHY(number, name, word, fwd, section, text) \
	case number:                                    \
		return text;
#include "policy/why.def"
	case LRD_WHY_NONE:
		return "no reason";
	default:
		return "a reason that this version does not know";
	}
}

const char *lrd_why_section(uint32_t why)
{
	switch (why) {
#define LRD_WHY(number, name, word, fwd, section, text) \
	case number:                                    \
		return section;
#include "policy/why.def"
	default:
		return "";
	}
}

const char *lrd_why_fwd(uint32_t why)
{
	switch (why) {
#define LRD_WHY(number, name, word, fwd, section, text) \
	case number:                                    \
		return fwd;
#include "policy/why.def"
	default:
		return "";
	}
}
