dnl AT_WARNINGS: many warnings; --enable-werror makes them errors (CI does).
AC_DEFUN([AT_WARNINGS], [
  AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--enable-werror], [treat compiler warnings as errors])])
  WARN_CFLAGS="-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
-Wwrite-strings -Wvla -Wundef -Wformat=2 -Wimplicit-fallthrough -Wno-unused-parameter"
  WARN_CXXFLAGS="-Wall -Wextra"
  AS_IF([test "x$enable_werror" = xyes], [
    WARN_CFLAGS="$WARN_CFLAGS -Werror"
    WARN_CXXFLAGS="$WARN_CXXFLAGS -Werror"])
  AC_SUBST([WARN_CFLAGS])
  AC_SUBST([WARN_CXXFLAGS])
])
