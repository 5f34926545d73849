dnl AT_SANITIZERS: --enable-sanitizers builds the tool (never the runtime) with ASan and UBSan.
AC_DEFUN([AT_SANITIZERS], [
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers], [build the tool with ASan and UBSan])])
  AS_IF([test "x$enable_sanitizers" = xyes],
    [SAN_FLAGS="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"])
  AC_SUBST([SAN_FLAGS])
  AM_CONDITIONAL([SANITIZERS], [test "x$enable_sanitizers" = xyes])
])
