// For the headers that tests have in common (tests/CMakeLists.txt).
int main() {
    return 0;
}
