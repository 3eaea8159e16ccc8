#include "compose_seal.h"

#include <cjson/cJSON.h>
#include <errno.h>

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

/* Each word of the list, until one is refused. */
static int for_each(const struct config *config, int (*take)(void *data, const char *word, struct error *error),
                    void *data, struct error *error)
{
	cJSON *list = cJSON_Parse(config->seal.recipients);
	int result = list ? 0 : error_set(error, -ENOMEM, "no memory to read seal.recipients");
	for (const cJSON *item = list ? list->child : NULL; item && result == 0; item = item->next) {
		struct error why = { 0 };
		const char *word = cJSON_GetStringValue(item);
		result = word ? take(data, word, &why) : -EINVAL;
		if (!word)
			error_set(error, result, "seal.recipients must be a list of texts: [\"age1…\"]");
		else if (result < 0)
			error_set(error, result, "seal.recipients: %s", why.text);
	}
	cJSON_Delete(list);
	return result;
}

int compose_seal(const struct config *config, struct seal_recipients *recipients, struct error *error)
{
	recipients->count = 0;
	return for_each(config, add_word, recipients, error);
}

int compose_seal_check(const struct config *config, struct error *error)
{
	return for_each(config, check_word, NULL, error);
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
