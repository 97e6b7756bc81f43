/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A YAML document as a tree of nodes that know their places. What a policy has no use for - anchors,
 * aliases, tags, further documents, deep nesting - is a mistake here already.
 */
#ifndef PORTGUARD_TREE_H
#define PORTGUARD_TREE_H

#include "policy/mistakes.h"

#define TREE_DEPTH 16
#define TREE_NODES (1u << 20)
#define TREE_BYTES (16u << 20)

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };
enum node_style { STYLE_BLOCK, STYLE_FLOW, STYLE_PLAIN, STYLE_SINGLE, STYLE_DOUBLE };

struct node {
	enum node_kind kind;
	enum node_style style;
	bool bad;			/* its mistake has been said; text is NULL */
	struct place place;
	size_t end_line;
	size_t at;			/* scalar: the byte of its source where it begins, its quote included */
	char *text;			/* scalar: terminated, may hold NUL before its length */
	size_t length;
	struct node *children;		/* list; map: key and value in turn */
	size_t count;
};

/**
 * tree_read() - Read one file.
 * @source: its number in @m, where mistakes go.
 * Return: 1, or 0: there is nothing (an empty file, or a mistake that leaves nothing to look at).
 */
int tree_read(struct mistakes *m, size_t source, struct node *ret);
void node_free(struct node *n);

/* A scalar that was left empty, as in `rules:`. */
bool node_is_null(const struct node *n);
/* The place of a byte of a scalar's text: exact where the scalar lies on one line, else its beginning. */
struct place node_place(const struct mistakes *m, const struct node *n, size_t offset);
/* Whether a YAML comment follows a plain scalar on its line: then ` #` may have cut it. */
bool node_is_cut(const struct mistakes *m, const struct node *n);

#endif
