dnl AT_CHECK_ZLIB: trace chunks are zlib streams. libdeflate, when there, writes and reads them in
dnl a fraction of zlib's time; without it zlib does (--without-libdeflate to choose so).
AC_DEFUN([AT_CHECK_ZLIB], [
  PKG_CHECK_MODULES([ZLIB], [zlib], [],
    [AC_MSG_ERROR([zlib is missing: on Debian 'apt-get install zlib1g-dev'])])
  AC_ARG_WITH([libdeflate],
    [AS_HELP_STRING([--without-libdeflate], [compress traces with zlib])])
  AS_IF([test "x$with_libdeflate" != xno], [
    PKG_CHECK_MODULES([DEFLATE], [libdeflate >= 1.10], [
      AC_DEFINE([HAVE_LIBDEFLATE], [1], [Define when libdeflate compresses the trace.])
    ], [
      AS_IF([test "x$with_libdeflate" = xyes],
        [AC_MSG_ERROR([libdeflate is missing: on Debian 'apt-get install libdeflate-dev'])])
      AC_MSG_WARN([libdeflate is missing: traces are compressed by the slower zlib])
    ])
  ])
])
