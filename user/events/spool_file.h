/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file of a spool: a header with its name, two places for its record, which are written in turn, and the
 * ring. The valid record with the higher generation is in force, so that one that was written in part is none.
 */
#ifndef PORTGUARD_SPOOL_FILE_H
#define PORTGUARD_SPOOL_FILE_H

#include "events/spool.h"

#define SPOOL_NAME 4200		/* bytes of an output's name, the NUL included */
#define SPOOL_SUFFIX ".spool"

struct spool_record {
	uint64_t generation;
	uint64_t capacity;		/* bytes of the ring */
	uint64_t begin_seq;		/* events up to it are in no figure */
	uint64_t seq;			/* taken in up to it */
	uint64_t head, tail;		/* of the queue: bytes since the file was made; in the ring modulo capacity */
	uint64_t sent, filtered, queued, lost;
	uint64_t position[SPOOL_POSITION];
	uint32_t order;
	char error[SPOOL_ERROR];	/* empty: none */
	uint32_t check;			/* of all before it */
};

struct spool_figures spool_file_figures(const struct spool_record *r);
/* The path of an output's file; -ENAMETOOLONG. */
int spool_file_path(const char *dir, const char *name, const char *suffix, char *path, size_t size);
/* Open and read; -EBADMSG: it is none, or of another name (@name NULL: any; *ret_name then says it). */
int spool_file_open(const char *path, int flags, const char *name, struct spool_record *ret, char *ret_name,
		    int *ret_fd);
/* A new file beside @path, with that record in force; the caller renames it. */
int spool_file_make(const char *path, const char *name, struct spool_record *record, int *ret_fd);
/* Write the next generation. */
int spool_file_write_record(int fd, struct spool_record *record);
/* Bytes of the ring, by their offset in the queue. */
int spool_file_read(int fd, const struct spool_record *r, uint64_t offset, char *bytes, size_t length);
int spool_file_write(int fd, const struct spool_record *r, uint64_t offset, const char *bytes, size_t length);
/* Give the ring's blocks back. */
int spool_file_empty(int fd);

#endif
