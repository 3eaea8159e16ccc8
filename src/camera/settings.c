#include "settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 256 };

/* A word of the configuration and libcamera's number for it. */
struct word {
	const char *text;
	int number;
};

static const struct word awb_words[] = {
	[CAMERA_AWB_INCANDESCENT] = { "incandescent", 1 }, [CAMERA_AWB_TUNGSTEN] = { "tungsten", 2 },
	[CAMERA_AWB_FLUORESCENT] = { "fluorescent", 3 },   [CAMERA_AWB_INDOOR] = { "indoor", 4 },
	[CAMERA_AWB_DAYLIGHT] = { "daylight", 5 },         [CAMERA_AWB_CLOUDY] = { "cloudy", 6 },
};
static const struct word denoise_words[] = {
	[CAMERA_DENOISE_OFF] = { "off", 0 },
	[CAMERA_DENOISE_FAST] = { "fast", 1 },
	[CAMERA_DENOISE_HIGH] = { "high", 2 },
};
static const struct word focus_words[] = {
	[CAMERA_FOCUS_AUTO] = { "auto", 1 },
	[CAMERA_FOCUS_MANUAL] = { "manual", 0 },
};
static const struct word hdr_words[] = {
	[CAMERA_HDR_SINGLE] = { "single", 3 },
	[CAMERA_HDR_MULTI] = { "multi", 2 },
	[CAMERA_HDR_NIGHT] = { "night", 4 },
};

struct builder {
	struct camera_setting *list;
	size_t count;
};

static void add_number(struct builder *builder, const char *name, const char *control, double value, double neutral)
{
	if (value < neutral || value > neutral)
		builder->list[builder->count++] = (struct camera_setting){ name, control, value, NULL };
}

/* The first word of each list is what a camera does by itself. */
static void add_word(struct builder *builder, const char *name, const char *control, const struct word *words,
                     int index)
{
	if (index > 0)
		builder->list[builder->count++] =
		    (struct camera_setting){ name, control, words[index].number, words[index].text };
}

size_t camera_settings_list(const struct camera_settings *settings, struct camera_setting list[CAMERA_SETTINGS_MAX])
{
	struct builder builder = { .list = list };

	if (!settings->given)
		return 0;
	add_word(&builder, "awb", "AwbMode", awb_words, (int)settings->awb);
	add_number(&builder, "ev", "ExposureValue", settings->ev, 0);
	add_number(&builder, "sharpness", "Sharpness", settings->sharpness, 1);
	add_number(&builder, "contrast", "Contrast", settings->contrast, 1);
	add_number(&builder, "saturation", "Saturation", settings->saturation, 1);
	add_number(&builder, "brightness", "Brightness", settings->brightness, 0);
	add_word(&builder, "denoise", "NoiseReductionMode", denoise_words, (int)settings->denoise);
	add_word(&builder, "autofocus.mode", "AfMode", focus_words, (int)settings->focus);
	if (settings->focus == CAMERA_FOCUS_MANUAL)
		add_number(&builder, "autofocus.position", "LensPosition", settings->focus_position, -1);
	add_word(&builder, "hdr", "HdrMode", hdr_words, (int)settings->hdr);
	return builder.count;
}

__attribute__((format(printf, 2, 3))) static void append(char text[256], const char *format, ...)
{
	const size_t used = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + used, TEXT_BYTES - used, format, arguments);
	va_end(arguments);
}

void camera_setting_tell(const struct camera_setting *setting, char text[256])
{
	append(text, "%s%s ", text[0] ? ", " : "", setting->name);
	if (setting->word)
		append(text, "%s", setting->word);
	else
		append(text, "%g", setting->value);
}

void camera_settings_explain(const char *who, char text[256])
{
	char list[TEXT_BYTES];

	if (!text[0])
		return;
	memcpy(list, text, sizeof list);
	snprintf(text, TEXT_BYTES, "%.40s cannot do this, it is left out: %.150s", who, list);
}

void camera_settings_refuse(const struct camera_settings *settings, const char *backend,
                            struct camera_description *description)
{
	struct camera_setting list[CAMERA_SETTINGS_MAX];
	char who[64];

	for (size_t i = 0, count = camera_settings_list(settings, list); i < count; i++)
		camera_setting_tell(&list[i], description->refused);
	if (settings->given && settings->tuning_file && settings->tuning_file[0])
		append(description->refused, "%stuning_file", description->refused[0] ? ", " : "");
	snprintf(who, sizeof who, "the %s camera", backend);
	camera_settings_explain(who, description->refused);
}
