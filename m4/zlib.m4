dnl AT_CHECK_ZLIB: trace chunks are zlib streams. zlib reads and writes them; libdeflate, when
dnl there, writes the same format in a fraction of the time.
AC_DEFUN([AT_CHECK_ZLIB], [
  PKG_CHECK_MODULES([ZLIB], [zlib], [],
    [AC_MSG_ERROR([zlib is missing: on Debian 'apt-get install zlib1g-dev'])])
  PKG_CHECK_MODULES([DEFLATE], [libdeflate >= 1.10], [],
    [PKG_CHECK_EXISTS([libdeflate], [],
      [AC_CHECK_LIB([deflate], [libdeflate_zlib_compress], [DEFLATE_LIBS=-ldeflate],
        [AC_MSG_ERROR([libdeflate is missing: on Debian 'apt-get install libdeflate-dev'])])])])
])
