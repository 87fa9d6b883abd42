/* SPDX-License-Identifier: MIT */
/* fuzz_replay.c - main() of a fuzz target without libFuzzer: feed it its corpus. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_BYTES_MAX (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Returns 0, or -1 after a message. */
static int replay_file(const char *folder, const char *name)
{
	char path[4096];
	FILE *file = NULL;
	uint8_t *data = NULL;
	size_t size;
	int rc = -1;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path)) {
		fprintf(stderr, "%s: path too long\n", name);
		return -1;
	}
	file = fopen(path, "rb");
	data = malloc(INPUT_BYTES_MAX);
	if (!file || !data) {
		perror(path);
		goto out;
	}
	size = fread(data, 1, INPUT_BYTES_MAX, file);
	if (ferror(file) || !feof(file)) {
		fprintf(stderr, "%s: unreadable or above 16 MiB\n", path);
		goto out;
	}
	/* An exact-size block, so that a sanitizer sees a read past the input. */
	uint8_t *exact = realloc(data, size ? size : 1);

	if (exact)
		data = exact;
	/* Named before it runs: the last line printed is the input that crashed. */
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, size);
	rc = 0;
out:
	if (file)
		fclose(file);
	free(data);
	return rc;
}

int main(int argc, char **argv)
{
	struct dirent **entries = NULL;
	int replayed = 0;
	int failed = 0;
	int count;

	if (argc != 2) {
		fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
		return EXIT_FAILURE;
	}
	count = scandir(argv[1], &entries, NULL, alphasort);
	if (count < 0) {
		perror(argv[1]);
		return EXIT_FAILURE;
	}
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.') {
			replayed++;
			failed += replay_file(argv[1], entries[i]->d_name) < 0;
		}
		free(entries[i]);
	}
	free(entries);
	if (replayed == 0)
		fprintf(stderr, "%s: empty corpus\n", argv[1]);
	return replayed > 0 && !failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
