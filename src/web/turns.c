#include "turns.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { HELD_BYTES_MAX = 64 * 1024 * 1024 };
static const size_t at_once[TURN_LANES] = { [TURN_LIGHT] = 6, [TURN_WHOLE] = 3, [TURN_HEAVY] = 1 };

static struct turn *first;
static size_t held_bytes;
static bool is_choosing;

/* In front of the bytes. */
struct held {
	size_t bytes;
	max_align_t data[];
};

static bool is_due(const struct turn *turn)
{
	size_t under_way = 0;
	if (turn->lane == TURN_FREE)
		return true;
	if (turn->lane >= TURN_WHOLE && held_bytes >= HELD_BYTES_MAX)
		return false;
	for (const struct turn *other = first; other; other = other->next)
		under_way += other->is_under_way && other->lane == turn->lane && strcmp(other->camera, turn->camera) == 0;
	return under_way < at_once[turn->lane];
}

static struct turn *find_due(void)
{
	for (struct turn *turn = first; turn; turn = turn->next)
		if (!turn->is_under_way && is_due(turn))
			return turn;
	return NULL;
}

/* Whoever begins may be done at once, and leave. */
static void choose(void)
{
	struct turn *turn;
	if (is_choosing)
		return;
	is_choosing = true;
	while ((turn = find_due()) != NULL) {
		turn->is_under_way = true;
		turn->begin(turn);
	}
	is_choosing = false;
}

bool turns_join(struct turn *turn)
{
	struct turn **end = &first;
	while (*end)
		end = &(*end)->next;
	turn->next = NULL;
	turn->is_under_way = false;
	*end = turn;
	choose();
	for (const struct turn *there = first; there; there = there->next)
		if (there == turn)
			return true;
	return false;
}

void turns_leave(struct turn *turn)
{
	for (struct turn **link = &first; *link; link = &(*link)->next) {
		if (*link != turn)
			continue;
		*link = turn->next;
		choose();
		return;
	}
}

void *turns_hold(size_t bytes)
{
	struct held *held = bytes <= SIZE_MAX - sizeof *held ? malloc(sizeof *held + bytes) : NULL;
	if (!held)
		return NULL;
	held->bytes = bytes;
	held_bytes += bytes;
	return held->data;
}

void turns_let_go(void *data)
{
	if (!data)
		return;
	struct held *held = (struct held *)((char *)data - offsetof(struct held, data));
	held_bytes -= held->bytes;
	free(held);
	choose();
}
