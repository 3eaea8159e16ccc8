#include "exif.h"

#include <errno.h>
#include <libexif/exif-data.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "metadata.h"

enum { EXIF_COLOUR_SRGB = 1, EXIF_CENTRED = 1, EXIF_MICROSECONDS = 1000000 };

struct exif_writer {
	ExifData *data;
	ExifMem *memory;
	int code;
};

/* An entry with room for its data, which the caller fills; NULL when memory is short, which stays in writer->code. */
static ExifEntry *add(struct exif_writer *writer, ExifIfd ifd, ExifTag tag, ExifFormat format, size_t components)
{
	size_t bytes = components * exif_format_get_size(format);
	ExifEntry *entry = exif_entry_new_mem(writer->memory);

	if (entry != NULL)
		entry->data = exif_mem_alloc(writer->memory, (ExifLong)bytes);
	if (entry == NULL || entry->data == NULL) {
		exif_entry_unref(entry);
		writer->code = -ENOMEM;
		return NULL;
	}
	entry->tag = tag;
	entry->format = format;
	entry->components = components;
	entry->size = (unsigned)bytes;
	exif_content_add_entry(writer->data->ifd[ifd], entry);
	exif_entry_unref(entry);
	return entry;
}

static void add_text(struct exif_writer *writer, ExifIfd ifd, ExifTag tag, const char *text)
{
	size_t bytes = strlen(text) + 1;
	ExifEntry *entry = add(writer, ifd, tag, EXIF_FORMAT_ASCII, bytes);
	if (entry != NULL)
		memcpy(entry->data, text, bytes);
}

static void add_short(struct exif_writer *writer, ExifIfd ifd, ExifTag tag, unsigned value)
{
	ExifEntry *entry = add(writer, ifd, tag, EXIF_FORMAT_SHORT, 1);
	if (entry != NULL)
		exif_set_short(entry->data, exif_data_get_byte_order(writer->data), (ExifShort)value);
}

static void add_rational(struct exif_writer *writer, ExifIfd ifd, ExifTag tag, ExifRational value)
{
	ExifEntry *entry = add(writer, ifd, tag, EXIF_FORMAT_RATIONAL, 1);
	if (entry != NULL)
		exif_set_rational(entry->data, exif_data_get_byte_order(writer->data), value);
}

static void add_undefined(struct exif_writer *writer, ExifTag tag, const void *data, size_t bytes)
{
	ExifEntry *entry = add(writer, EXIF_IFD_EXIF, tag, EXIF_FORMAT_UNDEFINED, bytes);
	if (entry != NULL)
		memcpy(entry->data, data, bytes);
}

static void add_time(struct exif_writer *writer, const struct metadata *metadata)
{
	add_text(writer, EXIF_IFD_0, EXIF_TAG_DATE_TIME, metadata->second);
	add_text(writer, EXIF_IFD_EXIF, EXIF_TAG_DATE_TIME_ORIGINAL, metadata->second);
	add_text(writer, EXIF_IFD_EXIF, EXIF_TAG_DATE_TIME_DIGITIZED, metadata->second);
	add_text(writer, EXIF_IFD_EXIF, EXIF_TAG_SUB_SEC_TIME, metadata->millisecond);
	add_text(writer, EXIF_IFD_EXIF, EXIF_TAG_SUB_SEC_TIME_ORIGINAL, metadata->millisecond);
	add_text(writer, EXIF_IFD_EXIF, EXIF_TAG_SUB_SEC_TIME_DIGITIZED, metadata->millisecond);
	add_text(writer, EXIF_IFD_EXIF, EXIF_TAG_OFFSET_TIME, metadata->offset);
	add_text(writer, EXIF_IFD_EXIF, EXIF_TAG_OFFSET_TIME_ORIGINAL, metadata->offset);
	add_text(writer, EXIF_IFD_EXIF, EXIF_TAG_OFFSET_TIME_DIGITIZED, metadata->offset);
}

/* What the camera did not tell (0) is left out, and what differs among a stack's frames. Gain 1 is taken as ISO 100. */
static void add_exposure(struct exif_writer *writer, const struct picture *picture)
{
	if (picture->exposure_us >= 1 && picture->exposure_us <= UINT32_MAX && picture->exposure_most_us <= 0)
		add_rational(writer, EXIF_IFD_EXIF, EXIF_TAG_EXPOSURE_TIME,
		             (ExifRational){ (ExifLong)lround(picture->exposure_us), EXIF_MICROSECONDS });
	if (picture->gain > 0 && picture->gain_most <= 0)
		add_short(writer, EXIF_IFD_EXIF, EXIF_TAG_ISO_SPEED_RATINGS,
		          (unsigned)fmin(round(picture->gain * 100), UINT16_MAX));
}

/* Tags that the EXIF specification demands of every file. */
static void add_mandatory(struct exif_writer *writer, const struct picture *picture)
{
	static const unsigned char components[] = { 1, 2, 3, 0 }; /* Y, Cb, Cr */

	add_rational(writer, EXIF_IFD_0, EXIF_TAG_X_RESOLUTION, (ExifRational){ 72, 1 });
	add_rational(writer, EXIF_IFD_0, EXIF_TAG_Y_RESOLUTION, (ExifRational){ 72, 1 });
	add_short(writer, EXIF_IFD_0, EXIF_TAG_RESOLUTION_UNIT, 2);
	add_short(writer, EXIF_IFD_0, EXIF_TAG_YCBCR_POSITIONING, EXIF_CENTRED);
	add_undefined(writer, EXIF_TAG_EXIF_VERSION, "0232", 4);
	add_undefined(writer, EXIF_TAG_FLASH_PIX_VERSION, "0100", 4);
	add_undefined(writer, EXIF_TAG_COMPONENTS_CONFIGURATION, components, sizeof components);
	add_short(writer, EXIF_IFD_EXIF, EXIF_TAG_COLOR_SPACE, EXIF_COLOUR_SRGB);
	add_short(writer, EXIF_IFD_EXIF, EXIF_TAG_PIXEL_X_DIMENSION, (unsigned)picture->width);
	add_short(writer, EXIF_IFD_EXIF, EXIF_TAG_PIXEL_Y_DIMENSION, (unsigned)picture->height);
}

static void fill(struct exif_writer *writer, const struct picture *picture)
{
	struct metadata metadata = { 0 };

	metadata_describe(picture, &metadata);
	exif_data_set_byte_order(writer->data, EXIF_BYTE_ORDER_INTEL);
	add_text(writer, EXIF_IFD_0, EXIF_TAG_IMAGE_DESCRIPTION, metadata.description);
	add_text(writer, EXIF_IFD_0, EXIF_TAG_MAKE, METADATA_MAKE);
	add_text(writer, EXIF_IFD_0, EXIF_TAG_MODEL, metadata_model(picture));
	add_text(writer, EXIF_IFD_0, EXIF_TAG_SOFTWARE, METADATA_SOFTWARE);
	add_time(writer, &metadata);
	add_exposure(writer, picture);
	add_mandatory(writer, picture);
}

int exif_block_of(const struct picture *picture, struct exif_block *block)
{
	struct exif_writer writer = { .memory = exif_mem_new_default() };

	*block = (struct exif_block){ 0 };
	if (writer.memory == NULL)
		return -ENOMEM;
	writer.data = exif_data_new_mem(writer.memory);
	if (writer.data != NULL) {
		fill(&writer, picture);
		if (writer.code == 0)
			exif_data_save_data(writer.data, &block->data, &block->bytes);
		exif_data_unref(writer.data);
	}
	exif_mem_unref(writer.memory);
	return block->data != NULL ? 0 : -ENOMEM;
}
