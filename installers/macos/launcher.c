/* Photoveil.app/Contents/MacOS/Photoveil: hands over to the Python inside the app and names itself to it.
 *
 * It is compiled, not a script, because macOS keeps a program's permissions and its signature by its executable, and a
 * script's signature does not survive a copy. */
#include <limits.h>
#include <mach-o/dyld.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef PYTHON
#error "PYTHON is the interpreter's name, like python3.11"
#endif

static void fail(const char *what) {
  fprintf(stderr, "Photoveil cannot start: %s. Please install it again.\n", what);
  exit(1);
}

/* The name of a file below the app's Contents. */
static void below(char *out, size_t room, const char *contents, const char *name) {
  int needed = snprintf(out, room, "%s/%s", contents, name);
  if (needed < 0 || (size_t)needed >= room) fail("its folder has too long a name");
}

int main(int count, char **words) {
  char given[PATH_MAX], own[PATH_MAX], contents[PATH_MAX], python[PATH_MAX], script[PATH_MAX];
  uint32_t room = sizeof given;
  if (_NSGetExecutablePath(given, &room) != 0 || realpath(given, own) == NULL) fail("it does not find itself");

  strcpy(contents, own);
  for (int level = 0; level < 2; level++) { /* …/Contents/MacOS/Photoveil */
    char *slash = strrchr(contents, '/');
    if (slash == NULL) fail("it does not lie in an app");
    *slash = '\0';
  }
  below(python, sizeof python, contents, "Resources/python/bin/" PYTHON);
  below(script, sizeof script, contents, "Resources/setup/start.py");
  setenv("PHOTOVEIL_LAUNCHER", own, 1);

  /* -I: nothing of the user's own Python gets in; -B: nothing is written into the signed app. */
  char **handed = calloc((size_t)count + 4, sizeof *handed);
  if (handed == NULL) fail("there is no memory");
  int next = 0;
  handed[next++] = python;
  handed[next++] = "-I";
  handed[next++] = "-B";
  handed[next++] = script;
  for (int word = 1; word < count; word++) handed[next++] = words[word];
  execv(python, handed);
  fail("its Python is not there");
}
