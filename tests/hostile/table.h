/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls, with a type for each argument.  Calls that get far only with
 * arguments that no letter describes have a scene as well (scenes.h).
 */
#ifndef TABLE_H
#define TABLE_H

#include "random.h"

struct entry {
	const char *name;
	long nr;
	const char *types;
};

/*
 * f descriptor   p pointer to data     w pointer to words   z size
 * i small number b a few bits          x any word           s path
 * v iovec array  n count of these      a array of strings   t time
 * o offset       g signal              k process            - zero
 * d address in a spare mapping         l its length         r protection
 * m message header
 */
const struct entry *table_some(struct rng *rng);
const struct entry *table_find(const char *name);

#endif /* TABLE_H */
