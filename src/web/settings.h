/*
 * The settings: the option table with the values in config.json, and changes of them. A change is checked whole, by the
 * same code that pastcam starts with, before the file is replaced; the old one stays as FILE.old. pastcam reads the
 * file when it starts.
 */
#ifndef PASTCAM_WEB_SETTINGS_H
#define PASTCAM_WEB_SETTINGS_H

#include "request.h"

void settings_get(struct request *request); /* GET /api/settings */
void settings_put(struct request *request); /* PUT /api/settings, with If-Match */

/* Puts changes ({"night.enable": true, "ring.size": null}; null is the default again) into a configuration's text.
 * camera: "" or whose section they go to. Returns the new text, malloc'd, or NULL with a reason. Pure. */
char *settings_change(const char *text, const char *camera, const cJSON *changes, struct error *error);

/* 0 when every change names an option that there is. Keys of the file that pastcam does not know stay as they are. */
int settings_check_names(const cJSON *changes, struct error *error);

/* 0 when pastcam would start with text, for every camera in it. */
int settings_check(const char *text, struct error *error);

#endif
