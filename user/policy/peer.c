// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses, prefixes, peers and device names. Whoever types them makes the same few mistakes - host
 * bits, a port behind the address, a list, a host's name - so each of these has its own answer.
 */
#include "policy/peer.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "policy/paths.h"
#include "policy/show.h"
#include "util/address.h"
#include "util/cleanup.h"

#define MISTAKE -EINVAL, PG_EXIT_POLICY

bool prefix_is_v4(const struct prefix *p)
{
	return p->length >= 96 && address_is_v4(p->address);
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	if (memcmp(a, b, bytes))
		return false;
	return !rest || !((a[bytes] ^ b[bytes]) >> (8 - rest));
}

bool prefix_holds(const struct prefix *p, const uint8_t address[16])
{
	if (p->length < 96 && address_is_v4(address))
		return false;
	return same_bits(p->address, address, p->length);
}

bool prefix_around(const struct prefix *outer, const struct prefix *inner)
{
	return outer->length <= inner->length &&
	       same_bits(outer->address, inner->address, outer->length);
}

int prefix_compare(const struct prefix *a, const struct prefix *b)
{
	int order = memcmp(a->address, b->address, sizeof(a->address));

	return order ? order : (int)a->length - (int)b->length;
}

char *prefix_print(const struct prefix *p, char *text)
{
	unsigned length = p->length - (prefix_is_v4(p) ? 96 : 0);

	(void)address_print(p->address, text);
	if (p->length < 128)
		(void)sprintf(text + strlen(text), "/%u", length);
	return text;
}

static void clear_host_bits(struct prefix *p)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned from = i * 8;

		if (from >= p->length)
			p->address[i] = 0;
		else if (from + 8 > p->length)
			p->address[i] &= (uint8_t)(0xff << (8 - (p->length - from)));
	}
}

static int check_host_bits(const struct prefix *p, const char *word, struct pg_error *err)
{
	struct prefix network = *p, host = *p;
	char network_text[PREFIX_TEXT], host_text[PREFIX_TEXT];

	clear_host_bits(&network);
	if (!prefix_compare(&network, p))
		return 0;
	host.length = 128;
	return pg_fail(err, MISTAKE, "'%s' has host bits: want %s, or %s for that one address",
		       word, prefix_print(&network, network_text), prefix_print(&host, host_text));
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((*text < ' ' && *text != '\t') || *text > '~')
			return false;
	return true;
}

/* The usual mistakes, told apart by how the word looks. */
static int not_an_address(const char *text, const char *word, struct pg_error *err)
{
	static const char *const everyone[] = { "any", "all", "anywhere", "everyone", "*" };
	const char *why =
		"want an address or a prefix such as 192.0.2.0/24 or 2001:db8::/32, or @set";

	for (size_t i = 0; i < ARRAY_SIZE(everyone); i++)
		if (!strcasecmp(text, everyone[i]))
			return pg_fail(err, MISTAKE,
				       "'%s': anybody is meant where no peer is said: leave it out",
				       word);
	if (!is_plain(text))
		why = "want plain ASCII without control characters";
	else if (strpbrk(text, " \t"))
		why = "want one address or prefix, alone";
	else if (strchr(text, ','))
		why = "want one peer: put several into a set and name it, @set";
	else if (strchr(text, '['))
		why = "want the address without brackets";
	else if (strchr(text, '%'))
		why = "want the address without %zone: say `on IFACE`";
	else if (strchr(text, '.') && strchr(text, ':') && !strstr(text, "::"))
		why = "want the address without a port: the port stands before `from`";
	else if (strchr(text, '-') && text[strspn(text, "0123456789abcdefABCDEF.:-")] == '\0')
		why = "a range of addresses is written as prefixes, such as 192.0.2.0/24";
	else if (*text && text[strspn(text, "0123456789.")] == '\0')
		why = "an IPv4 address has four numbers 0-255 without leading zeros, as 192.0.2.7";
	else if (!strchr(text, ':') && strpbrk(text, "ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ"))
		why = "want an address: names are not looked up (a set is written @set)";
	return pg_fail(err, MISTAKE, "'%s': %s", word, why);
}

static int parse_length(const char *text, unsigned most, const char *word, unsigned *ret,
			struct pg_error *err)
{
	unsigned number = 0;
	size_t digits = strspn(text, "0123456789");

	for (size_t i = 0; i < digits && number <= most; i++)
		number = number * 10 + (unsigned)(text[i] - '0');
	if (!digits || text[digits] || number > most)
		return pg_fail(err, MISTAKE, "'%s': want a prefix length 0-%u behind the /", word,
			       most);
	if (digits > 1 && text[0] == '0')
		return pg_fail(err, MISTAKE, "'%s': a prefix length has no leading zero", word);
	*ret = number;
	return 0;
}

int prefix_parse(const char *text, size_t length, struct prefix *ret, struct pg_error *err)
{
	char copy[80], word[SHOW_BYTES], *slash;
	struct prefix p = { .length = 128 };
	unsigned bits, said = 0;
	int r;

	show_text(word, text, length);
	if (!length || length >= sizeof(copy) || memchr(text, '\0', length))
		return pg_fail(err, MISTAKE,
			       "'%s' is no address: want one such as 192.0.2.7, or a prefix", word);
	memcpy(copy, text, length);
	copy[length] = '\0';
	slash = strchr(copy, '/');
	if (slash)
		*slash = '\0';
	if (address_parse(copy, p.address))
		return not_an_address(copy, word, err);
	bits = strchr(copy, ':') ? 128 : 32;
	if (slash) {
		r = parse_length(slash + 1, bits, word, &said, err);
		if (r)
			return r;
		p.length = (uint8_t)(128 - bits + said);
		r = check_host_bits(&p, word, err);
		if (r)
			return r;
	}
	*ret = p;
	return 0;
}

int peer_parse(const char *text, size_t length, struct peer *ret, struct pg_error *err)
{
	struct peer peer = { .kind = PEER_PREFIX };
	int r;

	if (length && text[0] == '@') {
		r = set_name_check(text + 1, length - 1, err);
		if (r)
			return r;
		peer.kind = PEER_SET;
		peer.set = strndup(text + 1, length - 1);
		if (!peer.set)
			return -ENOMEM;
	} else {
		r = prefix_parse(text, length, &peer.prefix, err);
		if (r)
			return r;
	}
	*ret = peer;
	return 0;
}

void peer_free(struct peer *p)
{
	free(p->set);
	*p = (struct peer){ .kind = PEER_ANY };
}

int peer_copy(const struct peer *from, struct peer *to)
{
	struct peer copy = *from;

	if (from->set) {
		copy.set = strdup(from->set);
		if (!copy.set)
			return -ENOMEM;
	}
	*to = copy;
	return 0;
}

int peer_compare(const struct peer *a, const struct peer *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == PEER_PREFIX)
		return prefix_compare(&a->prefix, &b->prefix);
	return a->kind == PEER_SET ? strcmp(a->set, b->set) : 0;
}

char *peer_print(const struct peer *p, char *text)
{
	text[0] = '\0';
	if (p->kind == PEER_PREFIX)
		return prefix_print(&p->prefix, text);
	if (p->kind == PEER_SET)
		(void)snprintf(text, PEER_TEXT, "@%s", p->set);
	return text;
}

int set_name_check(const char *text, size_t length, struct pg_error *err)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";

	if (!length)
		return pg_fail(err, MISTAKE, "'@' lacks the name of a set");
	if (length > SET_NAME_MAX)
		return pg_fail(err, MISTAKE, "set '%s': a name has at most %d letters",
			       SHOW(text, length), SET_NAME_MAX);
	for (size_t i = 0; i < length; i++)
		if (!text[i] || !strchr(letters, text[i]))
			return pg_fail(
				err, MISTAKE,
				"set '%s': a name is made of letters, digits, '_', '.' and '-'",
				SHOW(text, length));
	return 0;
}

int device_name_check(const char *text, size_t length, struct pg_error *err)
{
	const char *why = NULL;

	if (!length || length >= IFNAMSIZ)
		why = "a device's name has 1-15 letters";
	else if (memchr(text, '/', length) || memchr(text, ':', length))
		why = "a device's name has no '/' or ':'";
	else if ((length == 1 && text[0] == '.') || (length == 2 && !memcmp(text, "..", 2)))
		why = "no device has that name";
	for (size_t i = 0; !why && i < length; i++) {
		if (text[i] <= ' ' || text[i] > '~' || text[i] == '"')
			why = "a device's name has no blanks, quotes or control characters";
		else if (strchr("*?[", text[i]))
			why = "want the name of one device, not a pattern";
	}
	return why ? pg_fail(err, MISTAKE, "interface '%s': %s", SHOW(text, length), why) : 0;
}

bool device_pattern_good(const char *text, size_t length)
{
	if (!length || length >= 64 || (length >= IFNAMSIZ && !strpbrk(text, "*?[")))
		return false;
	if (pattern_mistake(text, length))
		return false;
	if (!strcmp(text, ".") || !strcmp(text, ".."))
		return false;
	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~' || strchr("/:\"\\", text[i]))
			return false;
	return true;
}
