/* What sealing adds to a picture's export: both as a file on the disk, synced and named, in turns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "export/export.h"
#include "export/seal.h"
#include "measure.h"
#include "set.h"

enum { ROUNDS = 41 };

struct exports {
	const struct set *set;
	struct pool *pool;
	struct seal_recipients recipients;
	unsigned format;
	char folder[64];
};

static void export_one(const struct exports *exports, size_t turn, const struct seal_recipients *recipients)
{
	const struct set *set = exports->set;
	const struct export_params params = { .base_dir = exports->folder, .jpg_quality = 95, .seal = recipients };
	const struct picture picture = {
		.rgb = set->rgb[turn % BUFFERS],
		.width = set->width,
		.height = set->height,
		.frame_id = turn + 1,
		.wall_ns = INT64_C(1800000000) * 1000000000,
		.stacked = 1,
	};
	struct export_result result;
	struct error error = { 0 };
	if (export_picture(&params, exports->pool, &picture, exports->format, &result, &error) < 0) {
		fprintf(stderr, "bench: %s\n", error.text);
		exit(1);
	}
	unlink(result.paths[0]);
}

static void sealed(void *data, size_t turn)
{
	const struct exports *exports = data;
	export_one(exports, turn, &exports->recipients);
}

static void unsealed(void *data, size_t turn)
{
	export_one(data, turn, NULL);
}

void bench_sealed(const struct set *set)
{
	static const unsigned formats[] = { EXPORT_JPG, EXPORT_PNG, EXPORT_NPY };
	char recipient[SEAL_KEY_TEXT_BYTES], identity[SEAL_KEY_TEXT_BYTES], name[48];
	struct exports exports = { .set = set, .folder = "bench-sealed-XXXXXX" };
	exports.pool = pool_create((size_t)sysconf(_SC_NPROCESSORS_ONLN) - 1, NULL);
	if (!exports.pool || !mkdtemp(exports.folder) || seal_make_pair(recipient, identity) < 0 ||
	    seal_add_key(&exports.recipients, recipient, NULL) < 0)
		exit(1);
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		exports.format = formats[i];
		snprintf(name, sizeof name, "%s sealed into a file", export_format_name((enum export_format)formats[i]));
		report_row(name, "the same, not sealed", set->name, measure_pair(sealed, unsealed, &exports, ROUNDS), 1.1);
	}
	rmdir(exports.folder);
	pool_destroy(exports.pool);
}
