@main
struct Pressroom {
    static func main() {}
}
