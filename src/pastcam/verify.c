#include "verify.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "export/manifest.h"

int verify_run(const char *folder, const char *public_key)
{
	struct manifest_found found;
	struct error error = { 0 };
	uint8_t public[SIGN_PUBLIC_BYTES];
	if (public_key && sign_key_read_public(public_key, public) < 0) {
		fprintf(stderr, "pastcam: \"%.100s\" is no public key of `pastcam sign-key`, pastcam-sign1…\n", public_key);
		return EXIT_CONFIG;
	}
	if (manifest_verify(folder, public_key ? public : NULL, stdout, &found, &error) < 0) {
		fprintf(stderr, "pastcam: %s\n", error.text);
		return EXIT_CONFIG;
	}
	const size_t wrong = found.missing + found.altered + found.lines + found.unsigned_files;
	printf("%zu files are as they were signed; missing: %zu, altered: %zu, not signed: %zu, lines wrong or out of "
	       "order: %zu.\n",
	       found.files, found.missing, found.altered, found.unsigned_files, found.lines);
	if (!public_key)
		puts("Whose signature it is was taken from the folder itself: give your public key too, pastcam-sign1…");
	return wrong > 0 ? EXIT_FAILURE : EXIT_STOPPED;
}
