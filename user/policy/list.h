/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arrays that grow by doubling, their room following from their count: the lists of a policy have a
 * pointer and a count, and nothing else to keep right.
 */
#ifndef PORTGUARD_LIST_H
#define PORTGUARD_LIST_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/**
 * list_append() - Append a copy of *@element.
 * @list: address of the list's pointer, of any type.
 * A list that was made otherwise, or has lost elements, is reallocated at the next power of two; until
 * then its room is never less than the power of two above its count.
 * Return: 0 or -ENOMEM, the list then unchanged.
 */
static inline int list_append(void *list, size_t *count, const void *element, size_t size)
{
	char *items;

	memcpy(&items, list, sizeof(items));	/* pointers to all types look alike, but may not alias */
	if (!(*count & (*count - 1))) {
		items = reallocarray(items, *count ? *count * 2 : 1, size);
		if (!items)
			return -ENOMEM;
		memcpy(list, &items, sizeof(items));
	}
	memcpy(items + *count * size, element, size);
	++*count;
	return 0;
}

/* A copy with the room that list_append() counts on, or NULL (also for none). */
static inline void *list_copy(const void *list, size_t count, size_t size)
{
	size_t room = 1;
	void *copy;

	if (!count)
		return NULL;
	while (room < count)
		room *= 2;
	copy = reallocarray(NULL, room, size);
	if (copy)
		memcpy(copy, list, count * size);
	return copy;
}

#endif
