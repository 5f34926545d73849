// containers-bench.cc - maps, strings and vectors of the C++ library, as programs use them.
//
// Prints the same line as alloc-bench.c; events are counted by bench/null.c, not here.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

static std::map<std::string, std::vector<std::string>> index_words(int round)
{
	std::map<std::string, std::vector<std::string>> index;
	for (int i = 0; i < 3000; i++) {
		std::string word = "a rather long word, number " + std::to_string(i * round % 997);
		index[word].push_back("line " + std::to_string(i) + " of the document in question");
	}
	return index;
}

static size_t count_words(const std::map<std::string, std::vector<std::string>> &index)
{
	std::unordered_map<std::string, std::shared_ptr<size_t>> counts;
	for (const auto &[word, lines] : index)
		for (const auto &line : lines) {
			auto &count = counts[line.substr(0, 20) + word.substr(8, 12)];
			if (!count)
				count = std::make_shared<size_t>(0);
			++*count;
		}
	return counts.size();
}

int main(int argc, char **argv)
{
	const int rounds = static_cast<int>(60 * (argc > 1 ? std::atof(argv[1]) : 1)) + 1;
	const auto begin = std::chrono::steady_clock::now();
	size_t sum = 0;
	for (int round = 1; round <= rounds; round++)
		sum += count_words(index_words(round));
	const auto ns = std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin).count();
	std::printf("ns=%lld sum=%zu\n", static_cast<long long>(ns), sum);
	return 0;
}
