/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is acquired is released on every path: attributes in the manner of systemd. A variable
 * that hands its value on says so with TAKE_PTR() or TAKE_FD().
 */
#ifndef PORTGUARD_CLEANUP_H
#define PORTGUARD_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);	/* nothing is left to do about an error */
}

static inline void cleanup_fclose(FILE **f)
{
	if (*f)
		(void)fclose(*f);	/* writers check fflush() themselves */
}

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_close_ _cleanup_(cleanup_close)
#define _cleanup_fclose_ _cleanup_(cleanup_fclose)

#define TAKE(variable, nothing)                            \
	({                                                 \
		__typeof__(variable) taken_ = (variable);  \
		(variable) = (nothing);                    \
		taken_;                                    \
	})
#define TAKE_PTR(p) TAKE(p, NULL)
#define TAKE_FD(fd) TAKE(fd, -1)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

#endif
