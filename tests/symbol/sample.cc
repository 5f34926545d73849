// sample.cc - C++ code for tests/symbol.tap: templates, lambdas, constructors, exceptions, virtual
// functions, anonymous namespaces, and the standard library inlined into them. Never run.
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

int other_unit(const std::string &text); // sample_other.cc

namespace shapes
{
struct Shape {
	virtual ~Shape() = default;
	virtual double area() const = 0;
};

template <typename T> struct Rectangle : Shape {
	T width, height;
	Rectangle(T w, T h) : width(w), height(h)
	{
		if (w < 0)
			throw std::invalid_argument("negative width");
	}
	double area() const override
	{
		return double(width) * double(height);
	}
};

namespace
{
template <int N> std::vector<std::string> names(const std::map<int, std::string> &map)
{
	std::vector<std::string> out;
	for (auto &[number, name] : map)
		if (number % N == 0)
			out.push_back(name + std::to_string(number));
	std::sort(out.begin(), out.end(), [](const auto &a, const auto &b) {
		return a.size() < b.size() || (a.size() == b.size() && a < b);
	});
	return out;
}
} // namespace
} // namespace shapes

static int total(const std::vector<std::unique_ptr<shapes::Shape>> &shapes)
{
	double sum = 0;
	auto add = [&sum](const auto &shape) { sum += shape->area(); };
	std::for_each(shapes.begin(), shapes.end(), add);
	return int(sum);
}

int main(int argc, char **argv)
{
	struct Local {
		int field;
		__attribute__((noinline)) int method(int x)
		{
			return x + field + int(std::string(size_t(x), 'x').size());
		}
	};
	std::map<int, std::string> map;
	std::vector<std::unique_ptr<shapes::Shape>> all;
	try {
		for (int i = 0; i < argc; i++) {
			map[i] = argv[i];
			all.push_back(std::make_unique<shapes::Rectangle<int>>(i, i + 1));
			all.push_back(std::make_unique<shapes::Rectangle<float>>(i, i + 2));
		}
	} catch (const std::exception &error) {
		return int(std::string(error.what()).size());
	}
	std::function<int(int)> twice = [&](int x) { return x * 2 + int(map.size()); };
	Local local{ argc };
	return total(all) + int(shapes::names<2>(map).size()) + int(shapes::names<3>(map).size()) +
	       twice(argc) + local.method(argc) + other_unit(argv[0]);
}
