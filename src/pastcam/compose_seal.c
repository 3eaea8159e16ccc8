#include "compose_seal.h"

#include <cjson/cJSON.h>

#include "base/lock.h"

static int add_word(void *recipients, const char *word, struct error *error)
{
	return seal_add_word(recipients, word, error);
}

static int check_word(void *data, const char *word, struct error *error)
{
	(void)data;
	return seal_check_word(word, error);
}

int compose_seal(const struct config *config, struct seal_recipients *recipients, struct error *error)
{
	recipients->count = 0;
	return config_each_text("seal.recipients", config->seal.recipients, add_word, recipients, error);
}

int compose_seal_check(const struct config *config, struct error *error)
{
	return config_each_text("seal.recipients", config->seal.recipients, check_word, NULL, error);
}

int compose_manifest(const struct config *config, const char *folder, struct manifest *manifest, struct error *error)
{
	*manifest = (struct manifest){ .folder = folder, .camera = config->name, .rotate_bytes = MANIFEST_BYTES };
	lock_init(&manifest->lock);
	return sign_key_load("seal.sign_key_file", config->seal.sign_key_file, &manifest->key, error);
}

bool compose_is_sealed(const struct config *config)
{
	cJSON *list = cJSON_Parse(config->seal.recipients);
	const bool is_sealed = cJSON_GetArraySize(list) > 0;
	cJSON_Delete(list);
	return is_sealed;
}
