// hello.cc - loses nothing.
#include <iostream>
#include <string>

int main()
{
	std::string words = "hello, world, in more characters than fit into the object";
	std::cout << words << std::endl;
}
