/* Configuration text. What parses and passes the checks must survive being dumped and parsed again. */
#include "fuzz.h"

#include <string.h>

#include "config/config.h"

static char *dump(const struct config *config)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	FUZZ_CHECK(out && config_dump(config, out) == 0);
	fclose(out);
	return text;
}

static void check_round_trip(const struct config *config)
{
	struct config again;
	struct config_warnings warnings = { 0 };
	struct error error = { 0 };
	char *first = dump(config);
	config_defaults(&again);
	FUZZ_CHECK(config_parse(&again, first, strlen(first), &warnings, &error) == 0);
	FUZZ_CHECK(warnings.count == 0);
	char *second = dump(&again);
	FUZZ_CHECK(strcmp(first, second) == 0);
	free(first);
	free(second);
}

/* What is in force for each camera is a configuration of its own. */
static void check_cameras(const char *text, size_t bytes, const struct config_cameras *cameras)
{
	for (size_t i = 0; i < cameras->count; i++) {
		struct config config;
		struct config_warnings warnings = { 0 };
		struct error error = { 0 };
		FUZZ_CHECK(camera_name_is_good(cameras->names[i], strlen(cameras->names[i])));
		config_defaults(&config);
		strcpy(config.name, cameras->names[i]);
		int result = config_parse(&config, text, bytes, &warnings, &error);
		FUZZ_CHECK(result == 0 || (error.code == result && error.text[0]));
		FUZZ_CHECK(result < 0 || (config.memory.share > 0 && config.memory.share <= 1));
		if (result == 0 && config_check(&config, &error) == 0)
			check_round_trip(&config);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct config config;
	struct config_warnings warnings = { 0 };
	struct error error = { 0 };
	char *text = fuzz_text(data, bytes);

	config_defaults(&config);
	int result = config_set(&config, text, &error);
	FUZZ_CHECK(result == 0 || (error.code == result && error.text[0]));
	FUZZ_CHECK(config_check(&config, &error) <= 0);

	config_defaults(&config);
	result = config_parse(&config, text, bytes, &warnings, &error);
	FUZZ_CHECK(result == 0 || (error.code == result && error.text[0]));
	if (result == 0 && config_check(&config, &error) == 0)
		check_round_trip(&config);
	if (result == 0)
		check_cameras(text, bytes, &config.cameras);
	free(text);
	return 0;
}
