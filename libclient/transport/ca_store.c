/* SPDX-License-Identifier: MIT */
/* ca_store.c - finding the authorities to trust, and parsing them once per process. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "sys/error.h"
#include "sys/fork.h"
#include "transport/tls_internal.h"

enum { KEPT_MAX = 8, PLACE_MAX = 1024 };

/* Bundles in the order of how common their systems are; each may be a link to another. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",                /* Debian, Arch, Alpine */
	"/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora, RHEL */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* RHEL */
	"/etc/ssl/ca-bundle.pem",                            /* SUSE */
	"/etc/ssl/cert.pem",                                 /* Alpine, OpenBSD, macOS */
	"/usr/local/share/certs/ca-root-nss.crt",            /* FreeBSD */
	"/usr/local/etc/ssl/cert.pem",                       /* FreeBSD */
	"/etc/openssl/certs/ca-certificates.crt",            /* NetBSD */
};

static const char *const directories[] = {
	"/etc/ssl/certs",
	"/etc/pki/tls/certs",
	"/etc/openssl/certs",
};

/* ---- what was parsed before ------------------------------------------------------------- */

/* A bundle is the same while its path, inode, size and time are. */
struct source {
	char place[PLACE_MAX]; /* file, newline, directory */
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
};

/*
 * Parsed stores, guarded by the process's one mutex. Global because parsing a system's bundle
 * takes tens of milliseconds and a process may open many sessions; the places are few, and a
 * place that changed on disk gives up its slot.
 */
static struct {
	struct source source;
	X509_STORE *store;
} kept[KEPT_MAX];

static bool same_source(const struct source *a, const struct source *b)
{
	return strcmp(a->place, b->place) == 0 && a->dev == b->dev && a->ino == b->ino &&
	       a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

static X509_STORE *find_kept(const struct source *source)
{
	X509_STORE *found = NULL;

	lrd_fork_guard_lock();
	for (size_t i = 0; i < KEPT_MAX && !found; i++) {
		if (kept[i].store && same_source(&kept[i].source, source))
			found = kept[i].store;
	}
	if (found && X509_STORE_up_ref(found) != 1)
		found = NULL;
	lrd_fork_guard_unlock();
	return found;
}

/* Where a store goes: over an older state of its place, a free slot, else the first. */
static size_t slot_for(const struct source *source)
{
	size_t slot = 0;

	for (size_t i = KEPT_MAX; i-- > 0;) {
		if (!kept[i].store)
			slot = i;
	}
	for (size_t i = 0; i < KEPT_MAX; i++) {
		if (kept[i].store && strcmp(kept[i].source.place, source->place) == 0)
			slot = i;
	}
	return slot;
}

static void keep(const struct source *source, X509_STORE *store)
{
	X509_STORE *before;
	size_t slot;

	if (X509_STORE_up_ref(store) != 1)
		return;
	lrd_fork_guard_lock();
	slot = slot_for(source);
	before = kept[slot].store;
	kept[slot].source = *source;
	kept[slot].store = store;
	lrd_fork_guard_unlock();
	X509_STORE_free(before);
}

/* ---- parsing ---------------------------------------------------------------------------- */

static int unreadable(const char *path, int os_errno, larder_error *err)
{
	char text[128];

	return lrd_error_set(err, LARDER_ECERT, LARDER_PHASE_TLS, os_errno, NULL,
			     "cannot read certificate authorities from %s: %s", path,
			     lrd_error_os_text(os_errno, text, sizeof(text)));
}

static int parse(const char *file, const char *dir, X509_STORE **out, larder_error *err)
{
	X509_STORE *store = X509_STORE_new();
	char doing[PLACE_MAX + 64];

	if (!store)
		return lrd_tls_setup_error(LARDER_ENOMEM, "no memory for authorities",
					   err);
	(void)snprintf(doing, sizeof(doing), "no certificate authorities in %s",
		       file ? file : dir);
	ERR_clear_error();
	if ((file && X509_STORE_load_file(store, file) != 1) ||
	    (dir && X509_STORE_load_path(store, dir) != 1)) {
		X509_STORE_free(store);
		return lrd_tls_setup_error(LARDER_ECERT, doing, err);
	}
	/* Whatever the bundle holds is trusted, an intermediate or a server's own included. */
	(void)X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	*out = store;
	return 0;
}

static int load(const char *file, const char *dir, X509_STORE **out, larder_error *err)
{
	struct source source = { .place = "" };
	struct stat st;
	int rc;

	if (dir && access(dir, R_OK | X_OK) < 0)
		return unreadable(dir, errno, err);
	if (file && access(file, R_OK) < 0)
		return unreadable(file, errno, err);
	if (stat(file ? file : dir, &st) < 0)
		return unreadable(file ? file : dir, errno, err);
	rc = snprintf(source.place, sizeof(source.place), "%s\n%s", file ? file : "",
		      dir ? dir : "");
	/* A place too long to compare is parsed each time. */
	if (rc < 0 || (size_t)rc >= sizeof(source.place))
		return parse(file, dir, out, err);
	source.dev = st.st_dev;
	source.ino = st.st_ino;
	source.size = st.st_size;
	source.changed = st.st_mtim;
	*out = find_kept(&source);
	if (*out)
		return 0;
	rc = parse(file, dir, out, err);
	if (rc == 0)
		keep(&source, *out);
	return rc;
}

/* ---- finding ---------------------------------------------------------------------------- */

/* A setuid program does not take its authorities from its caller. */
static const char *from_environment(const char *name)
{
	const char *value = secure_getenv(name);

	return value && *value ? value : NULL;
}

int lrd_tls_ca_store(const char *ca_file, const char *ca_dir, X509_STORE **out,
		     larder_error *err)
{
	X509_STORE *store = NULL;
	int rc = LARDER_ECERT;

	if (!ca_file && !ca_dir) {
		ca_file = from_environment("SSL_CERT_FILE");
		ca_dir = from_environment("SSL_CERT_DIR");
	}
	for (size_t i = 0;
	     !ca_file && !ca_dir && i < sizeof(bundles) / sizeof(bundles[0]); i++) {
		if (access(bundles[i], R_OK) == 0)
			ca_file = bundles[i];
	}
	for (size_t i = 0;
	     !ca_file && !ca_dir && i < sizeof(directories) / sizeof(directories[0]); i++) {
		if (access(directories[i], R_OK | X_OK) == 0)
			ca_dir = directories[i];
	}
	if (!ca_file && !ca_dir) {
		return lrd_error_set(
			err, rc, LARDER_PHASE_TLS, 0, NULL,
			"no certificate authorities found (looked for %s, %s and "
			"others): install ca-certificates, set SSL_CERT_FILE or name "
			"a CA file",
			bundles[0], bundles[1]);
	}
	rc = load(ca_file, ca_dir, &store, err);
	if (rc == 0)
		*out = store;
	return rc;
}
