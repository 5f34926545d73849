// sample_other.cc - the second unit of sample.cc. With -flto its functions are inlined over there.
#include <string>

namespace
{
inline int vowels(const std::string &text)
{
	int count = 0;
	for (char c : text)
		if (std::string("aeiou").find(c) != std::string::npos)
			count++;
	return count;
}
} // namespace

int other_unit(const std::string &text)
{
	return vowels(text) + vowels(text + "!");
}
